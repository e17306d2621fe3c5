// The operator's decision for a daemon that has stopped because etcd has another history than before.
import { setTimeout as sleep } from "node:timers/promises";
import type { Entry, Etcd } from "./etcd/index.js";
import { Keys } from "./keys.js";

const LOOK_MS = 500;

export interface Decision {
  /** The punts that hold: those in etcd, or those in the daemon's memory. */
  readonly keep: "etcd" | "daemon";
  /** Takes the decision out of etcd. @returns false if another daemon of the host has taken it */
  take(): Promise<boolean>;
}

/**
 * Resolves when an operator has decided, or with undefined after `signal`. Without a memory of the punts, `daemon` is left to another daemon
 * of the host: this one would delete the punts. It is also left where a daemon acts: an operator has decided before, and etcd has later
 * punts than this one.
 */
export async function decision(
  etcd: Etcd,
  keys: Keys,
  signal: AbortSignal,
  hasMemory: boolean,
): Promise<Decision | undefined> {
  const key = keys.key("resume", "vpp");
  while (!signal.aborted) {
    const entry = await etcd.peek(key).catch(() => undefined);
    const keep = entry && choiceIn(entry.value);
    const isTaken = keep === "etcd" || (keep === "daemon" && hasMemory && (await noLeader(etcd, keys)));
    if (keep && isTaken && !signal.aborted) {
      return { keep, take: () => take(etcd, entry, signal) };
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

async function noLeader(etcd: Etcd, keys: Keys): Promise<boolean> {
  return etcd.peek(keys.leader).then(
    (entry) => entry === undefined,
    () => false,
  );
}

async function take(etcd: Etcd, { key, modified }: Entry, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    try {
      return (await etcd.write([{ key, modified }], [{ key }])) !== undefined;
    } catch {
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }
  return false;
}

/** A decision whose command was killed ends this long after its time. */
const LEASE_SECONDS = 30;

/**
 * Writes the operator's decision for a host. @returns whether a daemon has taken it within `longest` milliseconds; otherwise it is taken back,
 * because the next accident of etcd needs a decision of its own
 */
export async function decide(etcd: Etcd, host: string, keep: Decision["keep"], longest: number): Promise<boolean> {
  const key = new Keys(etcd.prefix, host).key("resume", "vpp");
  const { id: lease } = await etcd.grant(Math.ceil(longest / 1000) + LEASE_SECONDS);
  try {
    const made = await etcd.write([], [{ key, value: JSON.stringify({ keep }), lease }]);
    for (const end = performance.now() + longest; performance.now() < end; await sleep(LOOK_MS / 5))
      if ((await etcd.get(key))?.modified !== made) return true;
    return (await etcd.write([{ key, modified: made! }], [{ key }])) === undefined;
  } finally {
    await etcd.revoke(lease).catch(() => {});
  }
}

/** Returns what an operator has decided, or undefined if the text is something else. */
function choiceIn(value: string): Decision["keep"] | undefined {
  try {
    const { keep } = JSON.parse(value);
    return keep === "etcd" || keep === "daemon" ? keep : undefined;
  } catch {
    return undefined;
  }
}
