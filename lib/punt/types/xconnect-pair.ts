// Both directions of an L2 cross-connect, as items.
import type { Part } from "../items/index.js";
import { xconnectPart } from "../items/index.js";

/** Both directions of an L2 cross-connect. */
export function xconnectPair(one: string, other: string): Part[] {
  return [xconnectPart(one, other), xconnectPart(other, one)];
}
