// The operator's decision for a daemon that has stopped because etcd has another history than before.
import { setTimeout as sleep } from "node:timers/promises";
import type { Etcd } from "./etcd/index.js";
import type { Keys } from "./keys.js";

const LOOK_MS = 500;

export interface Decision {
  /** The punts that hold: those in etcd, or those in the daemon's memory. */
  readonly keep: "etcd" | "daemon";
  /** Takes the decision out of etcd, so that it is not used a second time. */
  clear(): Promise<void>;
}

/** Resolves when an operator has decided, or with undefined after `signal`. */
export async function decision(etcd: Etcd, keys: Keys, signal: AbortSignal): Promise<Decision | undefined> {
  const key = keys.key("resume", "vpp");
  while (!signal.aborted) {
    const entry = await etcd.peek(key).catch(() => undefined);
    const keep = entry && choiceIn(entry.value);
    if (keep && !signal.aborted) {
      const clear = async () => {
        await etcd.write([{ key, modified: entry.modified }], [{ key }]).catch(() => {});
      };
      return { keep, clear };
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  return undefined;
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
