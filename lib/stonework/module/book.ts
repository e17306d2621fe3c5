// The punts that StoneWork announced to a module, under the rules of UpdatePuntState.
import { create, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import { idKey, idText, type PuntId } from "../../punt/index.js";
import {
  type PuntMetadata,
  PuntMetadataSchema,
  PuntState,
  type UpdatePuntStateReq,
} from "../gen/puntmgr/puntmgr_pb.js";
import { idFromWire, type LearntMetadata, metadataFromWire } from "../metadata.js";
import type { PuntPaths } from "../paths.js";

/** A punt that StoneWork announced. */
export interface LearntPunt {
  readonly id: PuntId;
  /** INIT: it is about to be made. CREATED: StoneWork has configured it. DELETED: it is going. */
  readonly state: "INIT" | "CREATED" | "DELETED";
  readonly metadata: LearntMetadata;
}

/** A punt in a module's file. */
export interface SavedPunt {
  readonly state: "INIT" | "CREATED";
  readonly metadata: JsonValue;
}

interface Entry {
  readonly metadata: PuntMetadata;
  readonly state: "INIT" | "CREATED";
  /** Announced by an earlier StoneWork, or to an earlier life of the module: a new INIT replaces it. */
  readonly isOld: boolean;
}

export class PuntBook {
  readonly #entries = new Map<string, Entry>();
  readonly #paths: PuntPaths;

  constructor(paths: PuntPaths) {
    this.#paths = paths;
  }

  /** Takes back what `toJSON` returned. @throws an error of protobuf's: it is something else */
  load(saved: readonly SavedPunt[]): void {
    for (const { state, metadata } of saved) {
      const wire = fromJson(PuntMetadataSchema, metadata);
      this.#entries.set(keyOf(wire), { metadata: wire, state, isOld: true });
    }
  }

  toJSON(): SavedPunt[] {
    return [...this.#entries.values()].map(({ state, metadata }) => ({
      state,
      metadata: toJson(PuntMetadataSchema, metadata),
    }));
  }

  get punts(): LearntPunt[] {
    return [...this.#entries.values()].map((entry) => this.#learnt(entry));
  }

  get(id: PuntId): LearntPunt | undefined {
    const entry = this.#entries.get(idKey(id));
    return entry && this.#learnt(entry);
  }

  /** A new StoneWork discovers the module: it announces every punt again. */
  renew(): void {
    for (const [key, entry] of this.#entries) this.#entries.set(key, { ...entry, isOld: true });
  }

  /**
   * Takes an announcement. Returns the change; undefined if nothing changes.
   *
   * @throws PuntError ERR_PUNT_EXISTS: INIT of a known punt; ERR_NO_SUCH_PUNT: CREATED without INIT
   */
  update({ metadata = create(PuntMetadataSchema), state }: UpdatePuntStateReq): LearntPunt | undefined {
    const known = this.#entries.get(keyOf(metadata));
    switch (state) {
      case PuntState.INIT:
        if (known && !known.isOld) throw refusal("ERR_PUNT_EXISTS", metadata, "is announced already");
        return this.#put({ metadata, state: "INIT", isOld: false });
      case PuntState.CREATED:
        if (!known) throw refusal("ERR_NO_SUCH_PUNT", metadata, "is CREATED without INIT");
        return known.state === "INIT" ? this.#put({ metadata, state: "CREATED", isOld: false }) : undefined;
      case PuntState.DELETED:
        if (!known) return undefined;
        this.#entries.delete(keyOf(metadata));
        return { ...this.#learnt(known), state: "DELETED" };
      default:
        return undefined;
    }
  }

  #put(entry: Entry): LearntPunt {
    this.#entries.set(keyOf(entry.metadata), entry);
    return this.#learnt(entry);
  }

  #learnt({ metadata, state }: Entry): LearntPunt {
    const learnt = metadataFromWire(metadata, this.#paths);
    return { id: learnt.id, state, metadata: learnt };
  }
}

function identity({ id }: PuntMetadata): PuntId {
  return id === undefined ? { cnf: "", key: "", label: "" } : idFromWire(id);
}

function keyOf(metadata: PuntMetadata): string {
  return idKey(identity(metadata));
}

function refusal(code: string, metadata: PuntMetadata, text: string): PuntError {
  const id = identity(metadata);
  return new PuntError("stonework.module", code, `the punt ${idText(id)} ${text}`, { id });
}
