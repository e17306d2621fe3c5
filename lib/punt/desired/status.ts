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

/** Returns a status of the caller's own: a program may change the request in it and update the punt. */
export function statusOf(entry: Entry, around: Surroundings): PuntStatus {
  const { state, missing = [], reasons = [], failure } = entry.situation;
  return copyOf({
    id: entry.id,
    request: entry.request,
    state,
    missing,
    reasons,
    ...(failure && { failure }),
    metadata: metadataOf(entry, around),
  });
}

/** Copies plain data. */
function copyOf<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return new Date(value) as T;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy: Partial<T> = {};
  // The entries would be an array for each field.
  for (const name of Object.keys(value) as (keyof T)[]) copy[name] = copyOf(value[name]);
  return copy as T;
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
