// Whether a prebuilt binary keeps to what every supported system has, glibc 2.31 (Debian 11, Ubuntu 20.04, RHEL 9), and to itself.
import { readElf } from "./elf.mjs";

const GLIBC_FLOOR = [2, 31];
/** libgcc's unwinder comes with every Node binary; libstdc++ is linked in, its versions move too fast. */
const LIBRARIES = /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|librt\.so\.1|libgcc_s\.so\.1|ld-linux-.*)$/;
/** Node-API, and libuv, whose ABI is the same through all of its 1.x: both come from Node. */
const NODE_SYMBOL = /^(napi|node_api|uv)_/;

/** The symbols that Node looks for in an addon: native/exports.map. */
const ENTRY_POINT = /^(napi_register_module_v1|node_api_module_get_api_version_v1)$/;

function isAboveFloor(version) {
  const numbers = version
    .match(/^GLIBC_(\d+)\.(\d+)/)
    ?.slice(1)
    .map(Number);
  if (!numbers) return version.startsWith("GLIBC_");
  return numbers[0] > GLIBC_FLOOR[0] || (numbers[0] === GLIBC_FLOOR[0] && numbers[1] > GLIBC_FLOOR[1]);
}

function newest(versions) {
  const byNumber = new Intl.Collator("en", { numeric: true }).compare;
  return versions
    .map((each) => each.version)
    .filter((version) => version.startsWith("GLIBC_"))
    .sort(byNumber)
    .at(-1);
}

/** `{ problems: [text], newest: "GLIBC_2.x" }` of the file, which must be for `arch`. */
export function checkFloor(file, arch) {
  const elf = readElf(file);
  const problems = [
    ...(elf.arch === arch ? [] : [`it is for ${elf.arch}, not ${arch}`]),
    ...elf.needed.filter((library) => !LIBRARIES.test(library)).map((library) => `it needs ${library}`),
    ...elf.versions.filter((each) => isAboveFloor(each.version)).map((each) => `it needs ${each.version}`),
    ...elf.exported.filter((name) => !ENTRY_POINT.test(name)).map((name) => `it exports ${name}`),
    ...elf.unversioned.filter((name) => !NODE_SYMBOL.test(name)).map((name) => `no library has ${name}`),
  ];
  return { problems, newest: newest(elf.versions) };
}
