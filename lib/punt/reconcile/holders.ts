// Reads the names of managers among VPP's clients.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { VppApi } from "../items/index.js";

/** A manager that has registered with VPP, or waits until it may. */
export interface Holder {
  /** Hash of the owner's name. */
  readonly owner: string;
  /** Hash of the election in which it takes part. */
  readonly group: string;
  readonly pid: number;
  readonly name: string;
}

/**
 * The names of managers among VPP's clients. VPP shows 20 characters: of the owner 30 bits, of the election 18, the process's number with
 * 24, and 12 random ones, which tell the managers of a process apart.
 */
const NAME = /(?<!\S)(?:punts|waits):([\w-]{5})([\w-]{3}|\.{3})([\w-]{4})[\w-]{2}(?!\S)/g;

/** Returns the managers in VPP's answer to `show api clients` that have registered. */
export function holdersIn(clients: string): Holder[] {
  return managersIn(clients).filter((manager) => !isWaiting(manager));
}

function isWaiting({ name }: Holder): boolean {
  return name.startsWith("waits:");
}

function managersIn(clients: string): Holder[] {
  return [...clients.matchAll(NAME)].map(([name, owner, group, pid]) => {
    return { name, owner: owner!, group: group!, pid: Buffer.from(pid!, "base64url").readUIntBE(0, 3) };
  });
}

/** A manager that a VPP lists among its clients. */
export interface ListedManager {
  /** Number of its process, in that process's own PID namespace. */
  readonly pid: number;
  /** Whether it waits for the end of another manager of the owner. */
  readonly isWaiting: boolean;
  /** Stands for the owner's name. */
  readonly ownerHash: string;
  isOf(owner: string): boolean;
}

/** Returns the managers in VPP's answer to `show api clients`, for people. */
export function listedManagers(clients: string): ListedManager[] {
  return managersIn(clients).map((manager) => {
    const { pid, owner } = manager;
    return { pid, isWaiting: isWaiting(manager), ownerHash: owner, isOf: (name) => hashOf(name) === owner };
  });
}

/**
 * A line that fails to open a file, and does nothing else. VPP (26.06, vl_socket_read_ready in socket_api.c; 22.10 does not) takes the end of a
 * connection for "no data yet" while its last failed system call says EAGAIN, so a killed client may stay for minutes. With ENOTDIR there
 * instead, VPP removes the client in its next turn.
 */
export const MAKE_VPP_NOTICE = "exec /dev/null/none";
/** Time in which VPP removes a killed client that it has noticed. */
const NOTICE_MS = 20;

/**
 * Returns the process of another program's manager that has the lock on the owner's objects, by the number in its own PID namespace; undefined
 * if there is none.
 */
export async function otherManager(vpp: Pick<VppApi, "call">, owner: string): Promise<number | undefined> {
  const look = async () => {
    const managers = listedManagers((await vpp.call("cli_inband", { cmd: "show api clients" })).reply);
    return managers.find((manager) => !manager.isWaiting && manager.isOf(owner) && manager.pid !== process.pid)?.pid;
  };
  if ((await look()) === undefined) return undefined;
  // The process may have been killed.
  await vpp.call("cli_inband", { cmd: MAKE_VPP_NOTICE }).catch(() => {});
  await sleep(NOTICE_MS);
  return look();
}

/** Returns the hash of an owner's name. */
export function hashOf(owner: string): string {
  return hashIn(owner).slice(0, 5);
}

/** Returns letters that stand for a text. */
export function hashIn(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
