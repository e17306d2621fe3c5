// Derives the status of a punt from the desired state and the facts last read. Pure.
import type { Interconnect, Marks } from "../interconnect/index.js";
import { type Facts, injectPathOf, type Notes } from "../items/index.js";
import { interconnectMetadata, type PuntMetadata } from "../metadata.js";
import type { Wanted } from "../plan/index.js";
import type { PuntStatus } from "../state.js";
import { type Caveat, caveatsOf, cnfMac, type Pairs } from "../types/index.js";
import type { Entry } from "./entry.js";

export interface Surroundings {
  readonly marks: Marks;
  readonly wanted: Wanted;
  readonly notes: Notes;
  /** Undefined until VPP has been read. */
  readonly facts: Facts | undefined;
  readonly pairs: Pairs;
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
  const { marks, wanted, notes, facts, pairs } = around;
  const pairedWith = (interconnect: Interconnect) => pairs.of(interconnect);
  const context = {
    marks,
    injectPath: injectPathOf(notes),
    namespace: (number: number) => wanted.namespacePath(number),
    interface: (name: string) => facts?.interface(name),
    cnfMac: (interconnect: Interconnect) => cnfMac(interconnect, { marks, pairedWith }),
  };
  const current = wanted.interconnectsOf(id);
  const list = current.length > 0 ? current : interconnects;
  return {
    id,
    type: request.type,
    interconnects: list.map((interconnect) => interconnectMetadata(interconnect, context)),
    caveats: facts ? caveatsOf(request, facts).map(textOf) : [],
  };
}

function textOf({ text }: Caveat): string {
  return text;
}
