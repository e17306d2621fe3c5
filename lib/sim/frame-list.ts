// What tests hand in as frames.
import { PuntError } from "../errors.js";

/** One frame or several, as a list. Throws ERR_INVALID_PACKET for anything else. */
export function frameList(op: string, frames: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] {
  const list = frames instanceof Uint8Array ? [frames] : frames;
  if (Array.isArray(list) && list.every((frame) => frame instanceof Uint8Array)) return list;
  throw new PuntError(op, "ERR_INVALID_PACKET", "frames must be a Uint8Array or an array of them");
}
