// The state of a manager as records in etcd, one for each object, and back.
import type { ZodType } from "zod";
import { PuntError } from "../errors.js";
import { lazily, zod } from "../lazily.js";
import {
  idOf,
  isSameRequest,
  type Note,
  type PuntId,
  type PuntRequest,
  parseTaken,
  type StoredState,
} from "../punt/index.js";
import { checkShape, issueText } from "../shapes.js";
import type { Entry } from "./etcd/index.js";
import { type Keys, partsOf } from "./keys.js";

const OP = "cluster.read";

/** A request for a punt, as a CNF or an operator wrote it. */
export interface Wish {
  readonly request: PuntRequest;
  /** The asker. */
  readonly by: string;
  /** The time of the request, in ISO 8601. */
  readonly at: string;
}

/** The record of a punt that the manager has accepted. */
interface Accepted {
  /** Its place in the list. */
  readonly order: number;
  readonly request: PuntRequest;
}

export function content(key: string, reason: string, cause?: unknown): PuntError {
  return new PuntError(OP, "ERR_ETCD_CONTENT", `${key} in etcd ${reason}; it was left alone`, { key }, cause);
}

const wishForm = lazily(() => {
  const text = zod().string();
  return zod().object({ request: zod().unknown(), by: text.default("unknown"), at: text.default("") });
});

/** Reads a wish. @throws PuntError ERR_ETCD_CONTENT; ERR_INVALID_REQUEST: the request in it has fields or values that this version does not know */
export function parseWish(entry: Pick<Entry, "key" | "value">, id: PuntId): Wish {
  const { key } = entry;
  const { request, by, at } = keptIn(entry, wishForm());
  if (typeof request !== "object" || request === null) throw content(key, "has no request in it");
  const parsed = parseTaken(request, key, OP);
  const { cnf, key: item, label } = idOf(parsed);
  if (cnf !== id.cnf || item !== id.key || label !== id.label) throw content(key, "has the request of another punt");
  return { request: parsed, by, at };
}

/** Returns whether a wish asks for a request; false if there is no wish, or if the wish cannot be read. */
export function isWishOf(entry: Pick<Entry, "key" | "value"> | undefined, request: PuntRequest): boolean {
  try {
    return entry !== undefined && isSameRequest(parseWish(entry, idOf(request)).request, request);
  } catch {
    return false;
  }
}

export function wishText(request: PuntRequest, by: string): string {
  return JSON.stringify({ request, by, at: new Date().toISOString() } satisfies Wish);
}

export function parseJson(key: string, value: string): object {
  try {
    const found = JSON.parse(value);
    if (typeof found === "object" && found !== null) return found;
  } catch (cause) {
    throw content(key, "is not JSON", cause);
  }
  throw content(key, "is not an object");
}

/** Reads a value that a daemon keeps beside the punts. @throws PuntError ERR_ETCD_CONTENT */
export function keptIn<T>({ key, value }: Pick<Entry, "key" | "value">, shape: ZodType<T>): T {
  return shaped(key, parseJson(key, value), shape);
}

/** Checks what stands in a key. @throws PuntError ERR_ETCD_CONTENT */
export function shaped<T>(key: string, value: object, shape: ZodType<T>): T {
  const checked = checkShape(shape, value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw content(key, `has a bad value: ${issueText(issue!)}`, checked.error);
}

/** Returns the id in a key below `wanted` or `status` of a host, or undefined if it has another form. */
export function idIn(key: string, folder: string): PuntId | undefined {
  const parts = partsOf(key, folder);
  if (parts?.length !== 3) return undefined;
  return { cnf: parts[0]!, key: parts[1]!, label: parts[2]! };
}

/** Texts of objects that stay the same from one save to the next. */
const texts = new WeakMap<object, string>();

function textOf(value: object): string {
  let text = texts.get(value);
  if (text === undefined) {
    text = JSON.stringify(value);
    texts.set(value, text);
  }
  return text;
}

/** Gives each punt a place in the list, which never changes. */
export class Orders {
  readonly #orders = new Map<string, number>();
  #next = 1;

  of(key: string): number {
    const known = this.#orders.get(key);
    if (known !== undefined) return known;
    this.take(key, this.#next);
    return this.#orders.get(key)!;
  }

  take(key: string, order: number): void {
    this.#orders.set(key, order);
    this.#next = Math.max(this.#next, order + 1);
  }

  forget(key: string): void {
    this.#orders.delete(key);
  }
}

/** Returns the records of a state, by key. */
export function recordsOf(state: StoredState, keys: Keys, orders: Orders): Map<string, string> {
  const records = new Map<string, string>();
  records.set(keys.key("state", "manager"), JSON.stringify(state.manager ?? {}));
  for (const interconnect of state.interconnects) {
    const { vppSelector, cnfSelector } = interconnect;
    records.set(keys.key("state", "interconnects", vppSelector, cnfSelector), textOf(interconnect));
  }
  for (const namespace of state.namespaces)
    records.set(keys.key("state", "namespaces", String(namespace.id)), textOf(namespace));
  for (const [item, claim] of Object.entries(state.claims))
    records.set(keys.key("state", "claims", item), JSON.stringify({ claim }));
  for (const [item, note] of Object.entries(state.notes)) records.set(keys.key("state", "notes", item), textOf(note));
  for (const request of state.punts) {
    const key = acceptedKey(keys, request);
    records.set(key, `{"order":${orders.of(key)},"request":${textOf(request)}}`);
  }
  return records;
}

export function acceptedKey(keys: Keys, { cnf, key, label }: PuntId): string {
  return keys.key("state", "punts", cnf, key, label);
}

/** The folders of `state` that hold a saved state. Other keys there do not belong to the manager. */
export const FOLDERS = ["interconnects", "namespaces", "claims", "notes", "punts"] as const;

/**
 * Reads a state from its records. Enters the places of its punts into `orders`.
 *
 * @returns undefined if there is none
 * @throws PuntError ERR_ETCD_CONTENT: a record is not what a daemon wrote, and `details.key` names it
 */
export function stateOf(entries: readonly Entry[], keys: Keys, orders: Orders): StoredState | undefined {
  const folder = keys.folder("state");
  const manager = entries.find(({ key }) => key === keys.key("state", "manager"));
  const parts = (name: (typeof FOLDERS)[number]) =>
    entries
      .filter(({ key }) => key.startsWith(`${folder}${name}/`))
      .map(({ key, value }) => ({ key, name: nameOf(key, `${folder}${name}/`), value: parseJson(key, value) }));
  const punts = parts("punts")
    .map(({ key, value }) => ({ key, ...acceptedOf(key, value as Accepted) }))
    .sort((a, b) => a.order - b.order);
  if (!manager && punts.length === 0) return undefined;
  for (const { key, order } of punts) orders.take(key, order);
  return {
    manager: manager ? parseJson(manager.key, manager.value) : {},
    punts: punts.map(({ request }) => request),
    interconnects: parts("interconnects").map(({ key, value }) => checkedInterconnect(key, value)),
    namespaces: parts("namespaces").map(({ key, value }) => checkedNamespace(key, value)),
    claims: Object.fromEntries(parts("claims").map(({ key, name, value }) => [name, claimOf(key, value)])),
    notes: Object.fromEntries(parts("notes").map(({ key, name, value }) => [name, noteOf(key, value)])),
  };
}

function nameOf(key: string, folder: string): string {
  const parts = partsOf(key, folder);
  if (parts === undefined) throw content(key, "has a name that no daemon gives");
  return parts.join("/");
}

function acceptedOf(key: string, { order, request }: Accepted): Accepted {
  if (!Number.isInteger(order) || typeof request !== "object") throw content(key, "is not the record of a punt");
  try {
    return { order, request: parseTaken(request, key, OP) };
  } catch (cause) {
    throw content(key, `has a bad request: ${(cause as Error).message}`, cause);
  }
}

function checkedInterconnect(key: string, value: object): StoredState["interconnects"][number] {
  const { name, vppSelector, cnfSelector, users, link } = value as Record<string, unknown>;
  const isGood = [name, vppSelector, cnfSelector].every((text) => typeof text === "string");
  if (!isGood || !Array.isArray(users) || typeof link !== "object")
    throw content(key, "is not an interconnect's record");
  return value as StoredState["interconnects"][number];
}

function checkedNamespace(key: string, value: object): StoredState["namespaces"][number] {
  const { id, path } = value as Record<string, unknown>;
  if (!Number.isInteger(id) || typeof path !== "string") throw content(key, "is not a namespace's record");
  return value as StoredState["namespaces"][number];
}

function claimOf(key: string, value: object): string {
  const { claim } = value as { claim?: unknown };
  if (typeof claim !== "string") throw content(key, "is not a claim");
  return claim;
}

function noteOf(key: string, value: object): Note {
  const isGood = (part: unknown) =>
    typeof part === "string" || typeof part === "number" || (Array.isArray(part) && part.every(isText));
  if (!Object.values(value).every(isGood)) throw content(key, "is not a note");
  return value as Note;
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}
