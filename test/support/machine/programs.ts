// Programs that tests and benchmarks run. Without ava, which cannot be loaded outside of tests.
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Where a program lies in PATH, or undefined. */
export function program(name: string): string | undefined {
  // sbin is where ip, dnsmasq and tcpdump are, and not in every user's PATH.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Whether this file can be run. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** DPDK's testpmd: Debian's packages call it dpdk-testpmd. */
export function testpmdProgram(): string | undefined {
  return program("dpdk-testpmd") ?? program("testpmd");
}

/** Where the real VPP is looked for first. */
const vppPrefix = () => process.env.VPP_PREFIX ?? "/opt/vpp";

/** A real VPP: `$VPP_PREFIX/bin/vpp`, or the one in /opt/vpp, or the one in PATH. */
export function vppProgram(prefix = vppPrefix()): string | undefined {
  const file = join(prefix, "bin", "vpp");
  return isExecutable(file) ? file : program("vpp");
}

/** The prefix of a VPP of another release, `$VPP_OTHER_PREFIX`; undefined where there is none. */
export function otherVppPrefix(): string | undefined {
  const prefix = process.env.VPP_OTHER_PREFIX;
  return prefix !== undefined && isExecutable(join(prefix, "bin", "vpp")) ? prefix : undefined;
}

/** Folders of the real VPP's libraries: `lib`, and on Debian `lib/x86_64-linux-gnu`. */
function vppLibraryFolders(prefix?: string): string[] {
  const vpp = vppProgram(prefix);
  const lib = vpp && join(dirname(dirname(vpp)), "lib");
  if (lib === undefined || !existsSync(lib)) return [];
  return [lib, ...readdirSync(lib).map((name) => join(lib, name))];
}

/** The folder of the real VPP's plugins; undefined where it is not known. */
export function vppPluginFolder(prefix?: string): string | undefined {
  return vppLibraryFolders(prefix)
    .map((folder) => join(folder, "vpp_plugins"))
    .find((folder) => existsSync(folder));
}

/** The real VPP's release, such as "23.06", as the names of its libraries say; undefined where they do not. */
export function vppRelease(): string | undefined {
  for (const folder of vppLibraryFolders().filter((name) => existsSync(join(name, "vpp_plugins")))) {
    for (const name of readdirSync(folder)) {
      const release = /^libvlib\.so\.(\d\d\.\d\d)/.exec(name)?.[1];
      if (release !== undefined) return release;
    }
  }
  return undefined;
}

/** The folder of libmemif's example programs: `$LIBMEMIF_EXAMPLES`, or beside VPP in `$VPP_PREFIX` or /opt/vpp. */
export function libmemifExamples(): string | undefined {
  const folder = process.env.LIBMEMIF_EXAMPLES ?? join(process.env.VPP_PREFIX ?? "/opt/vpp", "libmemif-examples");
  return isExecutable(join(folder, "icmp_responder")) ? folder : undefined;
}
