// The model of what was promised: which punts an owner's manager must have, must not have, or may have.
import type { ApplyResult, PuntId, PuntRequest, PuntRequestInput } from "../../lib/punt/index.js";
import { codesIn } from "./set-result.js";

/** "unknown": the process died, or the store failed, before it answered. */
type Wish = "wanted" | "absent" | "unknown";

export interface Operation {
  readonly op: "add" | "delete";
  readonly key: string;
  readonly before: Wish;
}

/** Errors of an addition after which nothing was done. */
const NOTHING_ADDED = new Set([
  ...["ERR_CONFLICT", "ERR_PUNT_EXISTS", "ERR_POOL_EXHAUSTED", "ERR_INVALID_REQUEST", "ENOSPC"],
  "ERR_NO_SUCH_SESSION",
]);
/** The manager was closed during the operation. */
const CLOSED = new Set(["ECANCELED", "ERR_CLOSED"]);

export class Wishes {
  readonly #wishes = new Map<string, Wish>();
  /** Operations under way. There is one of a punt at a time, so that its outcome is known. */
  readonly #running = new Map<string, Operation>();

  /** CNFs of which a whole set is applied. It may delete punts that are added in that time. */
  readonly #applying = new Set<string>();

  get running(): number {
    return this.#running.size;
  }

  isBusy(id: PuntId): boolean {
    return this.#running.has(keyOf(id)) || this.#applying.has(id.cnf);
  }

  /** Whether operations on punts of a CNF are under way. */
  isCnfBusy(cnf: string): boolean {
    return this.#applying.has(cnf) || [...this.#running.keys()].some((key) => key.startsWith(`${cnf}/`));
  }

  begin(op: "add" | "delete", id: PuntId): Operation {
    const key = keyOf(id);
    const operation = { op, key, before: this.#wishes.get(key) ?? "absent" };
    this.#wishes.set(key, "unknown");
    this.#running.set(key, operation);
    return operation;
  }

  /** Notes the outcome of an operation. @throws an Error if no manager may answer so */
  ended(operation: Operation, code: string | undefined): void {
    const { op, key, before } = operation;
    if (this.#running.get(key) !== operation) return;
    this.#running.delete(key);
    if (code !== undefined && CLOSED.has(code)) return;
    if (op === "delete") this.#deleted(operation, code);
    else if (code === undefined || !NOTHING_ADDED.has(code)) this.#wishes.set(key, "wanted");
    else if (code === "ERR_PUNT_EXISTS" && before === "absent") throw new Error(`${key} exists, and was not added`);
    else this.#wishes.set(key, code === "ERR_PUNT_EXISTS" ? "wanted" : before);
  }

  #deleted({ key, before }: Operation, code: string | undefined): void {
    if (code === "ERR_NO_SUCH_PUNT" && before === "wanted") throw new Error(`the wish for ${key} is lost`);
    this.#wishes.set(key, code === "ENOSPC" ? before : "absent");
  }

  /** A set replaces all punts of a CNF, of which no operation is under way. */
  beginSet(cnf: string, ids: readonly PuntId[]): Operation[] {
    this.#applying.add(cnf);
    const inSet = new Set(ids.map(keyOf));
    const others = [...this.#wishes.keys()].filter((key) => key.startsWith(`${cnf}/`) && !inSet.has(key));
    return [
      ...ids.map((id) => this.begin("add", id)),
      ...others.map((name) => {
        const [, key = "", label = ""] = name.split("/");
        return this.begin("delete", { cnf, key, label });
      }),
    ];
  }

  /** Notes the result of a set, or the error's code. @throws an Error if no manager may answer so */
  endedSet(cnf: string, operations: readonly Operation[], result: ApplyResult | string): void {
    this.#applying.delete(cnf);
    const codes = typeof result === "string" ? undefined : codesIn(result, keyOf);
    for (const operation of operations) {
      const { op, key, before } = operation;
      if (typeof result !== "string") {
        if (op === "add" && !codes!.has(key)) throw new Error(`${key} is in the set, and not in the result`);
        this.ended(operation, codes!.has(key) ? codes!.get(key) : "ERR_NO_SUCH_PUNT");
      } else if (this.#running.get(key) === operation) {
        this.#running.delete(key);
        if (NOTHING_ADDED.has(result)) this.#wishes.set(key, before);
      }
    }
  }

  /** The process has died: nobody will answer. */
  died(): void {
    this.#running.clear();
    this.#applying.clear();
  }

  /** Compares with what a manager has. A wish of unknown fate is known from then on. @throws an Error with the differences */
  compare(list: readonly { readonly id: PuntId; readonly request: PuntRequest | PuntRequestInput }[]): void {
    const found = new Set(list.map(({ id }) => keyOf(id)));
    const wrong: string[] = [];
    for (const [key, wish] of this.#wishes) {
      if (this.#running.has(key)) continue;
      if (wish === "wanted" && !found.has(key)) wrong.push(`the wish for ${key} is lost`);
      if (wish === "absent" && found.has(key)) wrong.push(`${key} was deleted, and is there`);
      if (wish === "unknown") this.#wishes.set(key, found.has(key) ? "wanted" : "absent");
    }
    for (const key of found) if (!this.#wishes.has(key)) wrong.push(`nobody asked for ${key}`);
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  }
}

function keyOf({ cnf, key, label }: PuntId): string {
  return `${cnf}/${key}/${label}`;
}
