// The status of a punt, from what is wanted and what was last read. Pure.
import type { Interconnect, Marks } from "../interconnect/index.js";
import { type Facts, injectPathKey } from "../items/index.js";
import { interconnectMetadata, type PuntMetadata } from "../metadata.js";
import { cnfMac, pairedInterface, type Wanted } from "../plan/index.js";
import type { PuntRequest } from "../request/index.js";
import type { PuntStatus } from "../state.js";
import { type Caveat, caveatsOf } from "../types/index.js";
import type { Entry } from "./entry.js";

export interface Surroundings {
  readonly marks: Marks;
  readonly wanted: Wanted;
  readonly notes: ReadonlyMap<string, object>;
  /** Undefined until VPP has been read. */
  readonly facts: Facts | undefined;
  requestOf(user: string): PuntRequest | undefined;
}

export function statusOf(entry: Entry, around: Surroundings): PuntStatus {
  const { state, missing = [], reasons = [], failure } = entry.situation;
  return {
    id: entry.id,
    request: entry.request,
    state,
    missing,
    reasons,
    ...(failure && { failure }),
    metadata: metadataOf(entry, around),
  };
}

function metadataOf({ id, request, interconnects }: Entry, around: Surroundings): PuntMetadata {
  const { marks, wanted, notes, facts } = around;
  const inject = notes.get(injectPathKey) as { path: string } | undefined;
  const pairedWith = (interconnect: Interconnect) => facts && pairedInterface(interconnect, around.requestOf, facts);
  const context = {
    marks,
    injectPath: inject?.path,
    namespace: (number: number) => wanted.namespaces.find((it) => it.id === number)?.path ?? "",
    interface: (name: string) => facts?.interface(name),
    cnfMac: (interconnect: Interconnect) => cnfMac(interconnect, { marks, pairedWith }),
  };
  const current = wanted.interconnectsOf(id);
  const list = current.length > 0 ? current : interconnects;
  return {
    id,
    type: request.type,
    interconnects: list.map((it) => interconnectMetadata(it, context)),
    limits: facts ? caveatsOf(request, facts).map(textOf) : [],
  };
}

function textOf({ text }: Caveat): string {
  return text;
}
