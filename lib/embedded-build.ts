// The build directory that an embedded VPP reports: programs that did not start it know it by that.

const MARK = "vpp-punt/sim/";

/** Returns the build directory of an embedded VPP. `devices`: whether they are emulated, or Linux's. */
export function embeddedBuild(devices: "emulated" | "linux"): string {
  return `${MARK}${devices}`;
}

/** Returns whether an embedded VPP reports this build directory. */
export function isEmbeddedBuild(directory: string): boolean {
  return directory.startsWith(MARK);
}
