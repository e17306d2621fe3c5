// How what is ours is told from what is not, in VPP and in Linux, without asking anyone: after any crash the objects say it.

import type { Family } from "../../net/index.js";
import type { SubnetPool } from "./allocate.js";
import { fnv1a } from "./names.js";

export interface Marks {
  /** Tells the manager from others on the same VPP. */
  readonly owner: string;
  /** Precedes what names, tags and MAC addresses are made from; "" for the default owner, whose are StoneWork's. */
  readonly seed: string;
  /** Tells the manager from others on the same machine; VPP's ends of its veth pairs have it in their names. */
  readonly machineMark: string;
  /** ACL tags of ours begin with it. */
  readonly tagPrefix: string;
  /** The highest byte of the ids of our ABX and ABF policies. */
  readonly policyPrefix: number;
  /** Folder in which all memif sockets are ours. */
  readonly memifDirectory: string;
  /** Networks of interconnects with addresses of their own. */
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

/** Whether a policy is ours: its id is in our range, and its ACL does not bear the tag of another owner. */
export function isOurPolicy({ policyPrefix, tagPrefix }: Marks, id: number, aclTag: string): boolean {
  if (id >>> 24 !== policyPrefix) return false;
  return aclTag.startsWith(tagPrefix) || !OWNED_ACL.test(aclTag);
}

/** `<owner>/<interconnect>/<direction>`: the tags of ACLs that managers make. */
const OWNED_ACL = /^[A-Za-z0-9-]{1,20}\/.+\/(ingress|egress)$/;

export const DEFAULT_OWNER = "vpp-punt";
export const DEFAULT_MEMIF_DIRECTORY = "/run/vpp-punt/memif";
const DEFAULT_POLICY_PREFIX = 112;

/** The marks of an owner. What is told of a manager, and nothing else, decides them: they are the same after any restart. */
export function marksFor(
  owner: string,
  memifDirectory: string,
  pools: Marks["pools"],
  policyPrefix = owner === DEFAULT_OWNER ? DEFAULT_POLICY_PREFIX : policyPrefixOf(owner),
): Marks {
  // Each VPP of a machine has a folder of its own.
  const machineMark = memifDirectory === DEFAULT_MEMIF_DIRECTORY ? owner : `${owner}|${memifDirectory}`;
  return {
    owner,
    seed: owner === DEFAULT_OWNER ? "" : `${owner}|`,
    machineMark,
    tagPrefix: `${owner}/`,
    policyPrefix,
    memifDirectory,
    pools,
    // Below 2^31: iproute2 reads a group as a signed number.
    deviceGroup: fnv1a(machineMark) >>> 1,
  };
}

/** 1 to 255, and not the default owner's. */
function policyPrefixOf(owner: string): number {
  const prefix = 1 + (fnv1a(owner) % 254);
  return prefix < DEFAULT_POLICY_PREFIX ? prefix : prefix + 1;
}
