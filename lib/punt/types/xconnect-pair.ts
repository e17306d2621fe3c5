import type { Part } from "../item.js";
import { xconnectPart } from "../items/xconnect.js";

/** Both directions of an L2 cross-connect. */
export function xconnectPair(one: string, other: string): Part[] {
  return [xconnectPart(one, other), xconnectPart(other, one)];
}
