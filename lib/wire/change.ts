// A change of a punt in the daemon's contract. Its status, the largest part, is encoded once for all watchers.
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { PuntEvent, PuntStatus } from "../punt/index.js";
import { type WatchChange, WatchChangeSchema, WatchResponseSchema } from "./gen/vpp_punt/v1/punts_pb.js";
import { idToWire } from "./request.js";
import { stateToWire, statusToWire } from "./status.js";

/** Returns the change as the contract has it. */
export function changeToWire({ id, from, to, cause, status }: PuntEvent): WatchChange {
  return create(WatchChangeSchema, {
    ...{ id: idToWire(id), from: stateToWire(from), to: stateToWire(to), cause },
    status: statusToWire(status),
  });
}

const { revision: revisionField, change: changeField } = WatchResponseSchema.field;
const { from: fromField, to: toField, cause: causeField } = WatchChangeSchema.field;

/** One for all answers: it keeps its buffer. */
const writer = new BinaryWriter();

/** Returns the bytes of a watcher's answer with a change. The change's status must not change after this. */
export function changeToBinary(revision: string, { from, to, cause, status }: PuntEvent): Uint8Array {
  // A status that cannot be encoded leaves the writer as it was.
  const told = encoded(status);
  if (revision !== "") writer.tag(revisionField.number, WireType.LengthDelimited).string(revision);
  writer.tag(changeField.number, WireType.LengthDelimited).fork();
  if (from !== undefined) writer.tag(fromField.number, WireType.Varint).int32(stateToWire(from));
  writer.tag(toField.number, WireType.Varint).int32(stateToWire(to));
  writer.tag(causeField.number, WireType.LengthDelimited).string(cause);
  return writer.raw(told).join().finish();
}

/** Watchers that are further apart encode for themselves. A WeakMap needs no limit, but costs garbage collection as much as the encoding. */
const MOST_ENCODED = 1_024;

/** The statuses that were encoded last. */
const encodedStatuses = new Map<PuntStatus, Uint8Array>();
/** Goes on where it was, past what was removed. */
const oldest = encodedStatuses.keys();

/** Returns the bytes of the parts of a change that its status tells: a message may have its fields in any order. */
function encoded(status: PuntStatus): Uint8Array {
  const known = encodedStatuses.get(status);
  if (known) return known;
  const told = create(WatchChangeSchema, { id: idToWire(status.id), status: statusToWire(status) });
  const bytes = toBinary(WatchChangeSchema, told);
  encodedStatuses.set(status, bytes);
  if (encodedStatuses.size > MOST_ENCODED) encodedStatuses.delete(oldest.next().value!);
  return bytes;
}
