// Programs that tests and benchmarks run. Without ava, which cannot be loaded outside of tests.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

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

/** A real VPP: `$VPP_PREFIX/bin/vpp`, or the one in /opt/vpp, or the one in PATH. */
export function vppProgram(): string | undefined {
  const prefix = process.env.VPP_PREFIX ?? "/opt/vpp";
  const file = join(prefix, "bin", "vpp");
  return isExecutable(file) ? file : program("vpp");
}

/** The folder of libmemif's example programs: `$LIBMEMIF_EXAMPLES`, or beside VPP in `$VPP_PREFIX` or /opt/vpp. */
export function libmemifExamples(): string | undefined {
  const folder = process.env.LIBMEMIF_EXAMPLES ?? join(process.env.VPP_PREFIX ?? "/opt/vpp", "libmemif-examples");
  return isExecutable(join(folder, "icmp_responder")) ? folder : undefined;
}
