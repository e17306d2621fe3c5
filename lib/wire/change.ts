// A change of a punt in the daemon's contract. Its status is encoded once for all the watchers that get it.
import { create, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import type { PuntEvent, PuntStatus } from "../punt/index.js";
import { type WatchChange, WatchChangeSchema } from "./gen/vpp_punt/v1/punts_pb.js";
import { idToWire } from "./request.js";
import { stateToWire, statusToWire } from "./status.js";

/** Watchers that are further apart encode for themselves. A WeakMap needs no limit, but costs garbage collection as much as the encoding. */
const MOST_ENCODED = 1_024;

/** The statuses that were encoded last. */
const encodedStatuses = new Map<PuntStatus, Uint8Array>();
/** Goes on where it was, past what was removed. */
const oldest = encodedStatuses.keys();

/**
 * Returns the change as the contract has it. Its status must not change after this. `isBinary`: it leaves in the binary form, so the status
 * can be there as bytes: an encoder copies a field that it does not know.
 */
export function changeToWire({ id, from, to, cause, status }: PuntEvent, isBinary: boolean): WatchChange {
  const change = create(WatchChangeSchema, { id: idToWire(id), from: stateToWire(from), to: stateToWire(to), cause });
  if (!isBinary) change.status = statusToWire(status);
  else {
    const no = WatchChangeSchema.field.status.number;
    change.$unknown = [{ no, wireType: WireType.LengthDelimited, data: encoded(status) }];
  }
  return change;
}

function encoded(status: PuntStatus): Uint8Array {
  const known = encodedStatuses.get(status);
  if (known) return known;
  // The field's tag is one byte, which the encoder writes again.
  const bytes = toBinary(WatchChangeSchema, create(WatchChangeSchema, { status: statusToWire(status) })).subarray(1);
  encodedStatuses.set(status, bytes);
  if (encodedStatuses.size > MOST_ENCODED) encodedStatuses.delete(oldest.next().value!);
  return bytes;
}
