// The marks of a manager's objects in VPP and in Linux. After a crash, the objects themselves tell their owner.
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { Family } from "../../net/index.js";
import type { SubnetPool } from "./allocate.js";
import { fnv1a } from "./names.js";

export interface Marks {
  /** Name of the manager among those of the same VPP. */
  readonly owner: string;
  /** Prefix of the texts from which names, tags and MAC addresses are made; "" for the default owner, which makes the same as StoneWork. */
  readonly seed: string;
  /** Whether memif sockets, secrets and MAC addresses, too, are made as StoneWork makes them. */
  readonly likeStoneWork: boolean;
  /** Name of the manager among those of the same machine. VPP's ends of its veth pairs have it in their names. */
  readonly machineMark: string;
  /** Prefix of the tags of our ACLs. */
  readonly tagPrefix: string;
  /** The highest byte of the ids of our policies in VPP. */
  readonly policyPrefix: number;
  /** Folder of our memif sockets. */
  readonly memifDirectory: string;
  /** Precedes the letters in the name of a memif socket: "" or, where the folder may be that of other owners too, `<owner>-`. */
  readonly memifOwner: string;
  /** Networks of interconnects with addresses of their own. */
  readonly pools: Readonly<Record<Family, SubnetPool>>;
  /** Linux device group of our VRF devices and veth pairs. */
  readonly deviceGroup: number;
}

/** Returns the id of a policy: our prefix, and 24 bits of the hash of its purpose. A collision takes the next free id. */
export function policyId(marks: Marks, purpose: string, taken: (id: number) => boolean): number {
  let low = fnv1a(purpose) & 0xffffff;
  while (taken(idOf(marks.policyPrefix, low))) low = (low + 1) & 0xffffff;
  return idOf(marks.policyPrefix, low);
}

function idOf(prefix: number, low: number): number {
  return ((prefix << 24) | low) >>> 0;
}

/** Returns whether a policy is ours: its id is in our range, and its ACL does not carry the tag of another owner. */
export function isOurPolicy({ policyPrefix, tagPrefix }: Marks, id: number, aclTag: string): boolean {
  if (id >>> 24 !== policyPrefix) return false;
  return aclTag.startsWith(tagPrefix) || !(OWNED_ACL.test(aclTag) || aclTag.startsWith(STONEWORK_ACL));
}

/** The highest byte of the ids of StoneWork's policies, and the beginning of the tags of their ACLs. */
export const STONEWORK_POLICIES = 111;
export const STONEWORK_ACL = "abx/from/";

/** `<owner>/<interconnect>/<direction>`: the tags of the ACLs of managers. */
const OWNED_ACL = /^[A-Za-z0-9-]{1,20}\/.+\/(ingress|egress)$/;

export const DEFAULT_OWNER = "vpp-punt";

/** The socket of an owner in a folder that is not the owner's default. */
const OWNED_SOCKET = /^memif-[A-Za-z0-9-]{1,20}-[a-zA-F]{5}\.sock$/;

type MemifMarks = Pick<Marks, "memifDirectory" | "memifOwner">;

/** Returns whether the socket of a memif is ours: it lies in our folder, and its name is not that of another owner's. */
export function isOurMemifSocket({ memifDirectory, memifOwner }: MemifMarks, path: string): boolean {
  if (dirname(path) !== memifDirectory) return false;
  const name = basename(path);
  return memifOwner === ""
    ? !OWNED_SOCKET.test(name)
    : name.startsWith(`memif-${memifOwner}`) && OWNED_SOCKET.test(name);
}

/**
 * Returns the path of a punt socket that the owner's manager, daemon or program makes in the folder: the same path for the same punt, in
 * every process. The first eight digits of its name are the owner's, as VPP keeps nothing but the path of a registration.
 */
export function puntSocketPath(owner: string, directory: string, key: string): string {
  const rest = createHash("sha256").update(key).digest("hex").slice(0, 16);
  return join(directory, `${socketMark(owner)}${rest}.sock`);
}

/** Returns whether the owner chose the path for a punt socket. */
export function isOurPuntSocket({ owner }: Pick<Marks, "owner">, path: string): boolean {
  const name = basename(path);
  return name.startsWith(socketMark(owner)) && /^[0-9a-f]{24}\.sock$/.test(name);
}

function socketMark(owner: string): string {
  return fnv1a(owner).toString(16).padStart(8, "0");
}

/** Returns the default folder of an owner's memif sockets. */
export function defaultMemifDirectory(owner: string): string {
  return owner === DEFAULT_OWNER ? "/run/vpp-punt/memif" : `/run/vpp-punt/memif-${owner}`;
}

const DEFAULT_POLICY_PREFIX = 112;

/** Returns the marks of an owner. Only the options of the manager decide them, so they are the same after a restart. */
export function marksFor(
  owner: string,
  memifDirectory: string,
  pools: Marks["pools"],
  policyPrefix = owner === DEFAULT_OWNER ? DEFAULT_POLICY_PREFIX : policyPrefixOf(owner),
  likeStoneWork = false,
): Marks {
  // Each VPP of a machine has its own folder.
  const machineMark = memifDirectory === defaultMemifDirectory(owner) ? owner : `${owner}|${memifDirectory}`;
  return {
    owner,
    seed: owner === DEFAULT_OWNER ? "" : `${owner}|`,
    likeStoneWork,
    machineMark,
    tagPrefix: `${owner}/`,
    policyPrefix,
    memifDirectory,
    memifOwner: owner === DEFAULT_OWNER || memifDirectory === defaultMemifDirectory(owner) ? "" : `${owner}-`,
    pools,
    // Below 2^31: iproute2 reads a group as a signed number.
    deviceGroup: fnv1a(machineMark) >>> 1,
  };
}

/** Returns a prefix from 1 to 255 that is neither the default owner's nor StoneWork's. */
function policyPrefixOf(owner: string): number {
  const prefix = 1 + (fnv1a(owner) % 254);
  return prefix < STONEWORK_POLICIES ? prefix : Math.max(prefix, DEFAULT_POLICY_PREFIX) + 1;
}
