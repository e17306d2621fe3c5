// How what is ours is told from what is not, in VPP and in Linux, without asking anyone: after any crash the objects say it.

import type { Family } from "../../net/index.js";
import type { SubnetPool } from "./allocate.js";
import { fnv1a } from "./names.js";

export interface Marks {
  /** Tells the manager from others of the machine; VPP's ends of its veth pairs have it in their names. */
  readonly owner: string;
  /** ACL tags of ours begin with it. */
  readonly tagPrefix: string;
  /** The highest byte of the ids of our ABX and ABF policies. */
  readonly policyPrefix: number;
  /** Folder in which all memif sockets are ours. */
  readonly memifDirectory: string;
  /** A DHCP proxy whose server and source are a pair of these is ours. */
  readonly pools: Readonly<Record<Family, SubnetPool>>;
  /** Linux device group of our VRF devices and veth pairs. */
  readonly deviceGroup: number;
}

/** The policy's id: our prefix, and 24 bits of what it is for. A collision takes the next free id. */
export function policyId(marks: Marks, purpose: string, taken: (id: number) => boolean): number {
  let low = fnv1a(purpose) & 0xffffff;
  while (taken(join(marks.policyPrefix, low))) low = (low + 1) & 0xffffff;
  return join(marks.policyPrefix, low);
}

function join(prefix: number, low: number): number {
  return ((prefix << 24) | low) >>> 0;
}

export function isOurPolicy(marks: Marks, id: number): boolean {
  return id >>> 24 === marks.policyPrefix;
}
