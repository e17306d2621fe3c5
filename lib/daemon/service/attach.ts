// The Attach call: says what a CNF opens, and gives it a one-time token for attach.sock.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PuntMetadata } from "../../punt/index.js";
import {
  type AttachRequest,
  type AttachResponseSchema,
  Handover_Kind as Kind,
  statusToWire,
} from "../../wire/index.js";
import type { Parts, Scope } from "./scope.js";

/** Answers Attach. */
export async function attach(
  { tokens, attachSocketOf }: Parts,
  { id: wireId, pathsOnly }: AttachRequest,
  scope: Scope,
): Promise<MessageInitShape<typeof AttachResponseSchema>> {
  const { view, op } = scope;
  const id = scope.id(wireId);
  scope.punts = [id];
  const status = await scope.requireVisible(id);
  scope.rule = view.rights.requireChange(id.cnf, op).name;
  const shown = statusToWire(view.status(status));
  const { caller } = view.rights;
  // Descriptors do not travel over TCP.
  if (pathsOnly || caller.kind !== "unix") return { status: shown };
  return {
    status: shown,
    token: tokens.give(caller, id),
    socket: attachSocketOf(caller.socket),
    handovers: handoversOf(status.metadata),
  };
}

/** The ends of a punt that attach.sock can hand over. */
function handoversOf({ interconnects }: PuntMetadata) {
  const kinds = {
    memif: [Kind.MEMIF_CONTROL],
    "af-unix": [Kind.PUNT_SOCKET, Kind.INJECT_SOCKET],
    tap: [Kind.PACKET_SOCKET],
  };
  return interconnects.flatMap(({ attachment }, interconnect) =>
    kinds[attachment.kind].map((kind) => ({ kind, interconnect })),
  );
}
