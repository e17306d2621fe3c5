// The heap, and what is collected from it.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
/** Collects what nothing refers to. */
export const collect = runInNewContext("gc") as () => void;

/** Megabytes of heap that are in use, without what is only waiting to be collected. */
export function heapAfterGc(): number {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}
