// Which prebuilt binary of the package fits this machine, if any. Same names as node-gyp-build looks for at run time:
// prebuilds/linux-<arch>/vpp-punt.<libc>.node
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** "glibc" or "musl"; LIBC overrides it, as for node-gyp-build. */
export function libcName() {
  if (process.env.LIBC) return process.env.LIBC;
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl";
}

/** Whether Node can load the file. In a process of its own: a binary that does not fit may crash rather than fail. */
function loadProblem(file) {
  const script = "process.dlopen({ exports: {} }, process.argv[1])";
  const { status, stderr } = spawnSync(process.execPath, ["-e", script, file], { encoding: "utf8" });
  if (status === 0) return undefined;
  return stderr.match(/^Error: .*$/m)?.[0] ?? `loading ${file} ends with status ${status}`;
}

/** `{ file }` of the prebuild that loads here, or `{ problem }`. */
export function findPrebuild() {
  const folder = join(root, "prebuilds", `linux-${process.arch}`);
  if (!existsSync(folder)) return { problem: `the package brings none for ${process.arch}` };
  const file = readdirSync(folder).find((name) => name.endsWith(`.${libcName()}.node`));
  if (!file) return { problem: `the package brings none for ${libcName()}, only ${readdirSync(folder).join(", ")}` };
  const problem = loadProblem(join(folder, file));
  return problem ? { problem } : { file: join(folder, file) };
}
