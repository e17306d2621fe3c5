// The tarball: what is in it, its prebuilds, and what publint and are-the-types-wrong say of it.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { checkFloor } from "../floor.mjs";
import { assert, COMPILE_WITHIN_MS, root, run } from "./run.mjs";

const prebuildOf = (arch) => join(root, `prebuilds/linux-${arch}/vpp-punt.glibc.node`);

function newest(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(...files.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}

function isCurrent(arch) {
  const made = statSync(prebuildOf(arch), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return made > Math.max(newest(join(root, "native")), statSync(join(root, "binding.gyp")).mtimeMs);
}

function makePrebuilds({ architectures }) {
  const stale = architectures.filter((arch) => !isCurrent(arch));
  const script = join(root, "scripts/packaging/prebuild.mjs");
  for (const arch of stale) run(process.execPath, [script, arch], { timeout: COMPILE_WITHIN_MS });
  const found = architectures.map((arch) => {
    const { problems, newest: version } = checkFloor(prebuildOf(arch), arch);
    assert(problems.length === 0, `linux-${arch}: ${problems.join("; ")}`);
    return `linux-${arch} needs ${version}`;
  });
  return found.join(", ");
}

/** Files that documents name, and those of the page. */
const SHIPPED = [
  "dist/punts.schema.json",
  "dist/request.schema.json",
  "dist/page/index.html",
  "dist/page/licenses.txt",
];

/** Files that the package names in its package.json. */
function namedFiles({ exports, bin, main, man, types }) {
  const targets = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(targets));
  return [...targets(exports), ...Object.values(bin), main, types, man, ...SHIPPED].map((file) =>
    file.replace("./", ""),
  );
}

function pack(context) {
  // --json: the list of files, with nothing of what the prepack script prints before it.
  const output = run("npm", ["pack", "--json", "--pack-destination", context.folder], { cwd: root });
  const [packed] = Object.values(JSON.parse(output.slice(output.search(/^[[{]/m), output.search(/^[\]}]/m) + 1)));
  context.tarball = join(context.folder, packed.filename);
  context.package = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const files = packed.files.map((file) => file.path);
  const missing = [
    ...namedFiles(context.package),
    ...context.architectures.map((arch) => prebuildOf(arch).slice(root.length + 1)),
  ].filter((file) => !files.includes(file));
  assert(missing.length === 0, `not in the tarball: ${missing.join(", ")}`);
  const strays = files.filter((file) => /^(dist\/(test|benchmarks)|test|node_modules|build)\/|\.js\.map$/.test(file));
  assert(strays.length === 0, `in the tarball, and of no use to a user: ${strays.join(", ")}`);
  const kB = (bytes) => `${Math.round(bytes / 1000)} kB`;
  return `${kB(packed.size)} packed, ${kB(packed.unpackedSize)} unpacked, ${files.length} files`;
}

async function lintPackage(context) {
  const content = readFileSync(context.tarball);
  const tarball = content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, level: "suggestion", strict: true });
  assert(messages.length === 0, messages.map((message) => formatMessage(message, pkg)).join("\n"));
}

function checkTypes(context) {
  run(process.execPath, [
    join(root, "node_modules/@arethetypeswrong/cli/dist/index.js"),
    context.tarball,
    "--no-emoji",
  ]);
}

export const tarballSteps = [
  { name: "prebuilds keep to glibc 2.31", run: makePrebuilds, needed: true },
  { name: "npm pack", run: pack, needed: true },
  { name: "publint", run: lintPackage, quickly: true },
  { name: "are-the-types-wrong", run: checkTypes, quickly: true },
];
