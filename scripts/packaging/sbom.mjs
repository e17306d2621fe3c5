// `npm run sbom`: prints the software bill of materials of the packages that are installed with this one, as CycloneDX.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const usage = `Usage: npm run sbom

Prints the software bill of materials (CycloneDX, JSON) of the packages that are installed with this one.
`;

const [option] = process.argv.slice(2);
if (option !== undefined) {
  if (option !== "--help") console.error(`sbom: there is no option ${option}\n`);
  process.stdout.write(usage);
  process.exit(option === "--help" ? 0 : 2);
}

const folder = mkdtempSync(join(tmpdir(), "vpp-punt-sbom-"));
// `npm sbom --omit dev` leaves out packages that are used in development too: its folder has no development.
const own = join(folder, "vpp-punt");
const read = (name) => JSON.parse(readFileSync(name, "utf8"));
try {
  const { devDependencies: _, ...manifest } = read("package.json");
  const lock = read("package-lock.json");
  delete lock.packages[""].devDependencies;
  for (const [path, { dev }] of Object.entries(lock.packages)) if (dev) delete lock.packages[path];
  mkdirSync(own);
  writeFileSync(join(own, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(own, "package-lock.json"), JSON.stringify(lock));
  const args = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"];
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd: own, encoding: "utf8", maxBuffer: 1 << 26 });
  if (status !== 0) console.error(stderr);
  process.stdout.write(stdout);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
