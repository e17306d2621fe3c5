// Checks the frames that tests hand in.
import { PuntError } from "../errors.js";

/** Returns one frame or several as a list. @throws PuntError ERR_INVALID_PACKET */
export function frameList(op: string, frames: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] {
  const list = frames instanceof Uint8Array ? [frames] : frames;
  if (Array.isArray(list) && list.every((frame) => frame instanceof Uint8Array)) return list;
  throw new PuntError(op, "ERR_INVALID_PACKET", "frames must be a Uint8Array or an array of them");
}
