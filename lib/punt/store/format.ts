// The text of a store's file: a first line with format, version and checksum, and the state.
import { createHash } from "node:crypto";
import * as z from "zod";
import { PuntError } from "../../errors.js";
import { hasField } from "../request/index.js";
import type { StoredState } from "./store.js";

const FORMAT = "vpp-punt";
const VERSION = 2;
/** Earlier versions that can be read, each with the function that turns its state into one of the next version. */
const UPGRADES: Readonly<Record<number, (state: object) => object>> = {
  // Version 1 kept no notes, and recognized DHCP proxies and linux-cp's pairs by their form.
  1: (state) => {
    const { claims } = state as StoredState;
    return { ...state, claims: { ...claims, "*": "" }, notes: {} };
  },
};

export function serialize(state: StoredState): string {
  const body = JSON.stringify(state);
  return `${JSON.stringify({ format: FORMAT, version: VERSION, sha256: digest(body) })}\n${body}\n`;
}

/** Parses the text of a file. `path` is its name in errors. @throws PuntError `ERR_STORE_DAMAGED`, `ERR_STORE_VERSION` */
export function parse(text: string, path: string): StoredState {
  const [head = "", body = ""] = text.split("\n");
  const header = headerOf(head);
  if (header?.format !== FORMAT) throw damaged(path, "its first line is not that of a store");
  const { version = 0, sha256 } = header;
  if (version !== VERSION && UPGRADES[version] === undefined) {
    const message = `${path} has version ${version}; this program reads 1 to ${VERSION}`;
    throw new PuntError("punt.store", "ERR_STORE_VERSION", message, { path, version });
  }
  if (digest(body) !== sha256) throw damaged(path, "its checksum is wrong");
  const state = upgraded(parsed(body), version);
  const shape = stateShape.safeParse(state);
  // Not the checked copy: its fields have another order, by which an equal request would count as another one.
  if (shape.success) return state;
  const [issue] = shape.error.issues;
  throw damaged(path, `its ${issue!.path.join(".") || "state"} has another form than a manager saves`);
}

const name = z.string();
const names = z.array(name);
const texts = z.record(name, name);
const puntType = name.refine((type) => hasField(type, "type"));
const link = z.discriminatedUnion("form", [
  z.looseObject({
    form: z.literal("interface"),
    vrf: z.number(),
    addresses: names,
    subnets: z.array(z.literal([4, 6])),
  }),
  z.looseObject({ form: z.literal("socket"), path: name }),
]);

/** The fields that the manager relies on. A checksum says that a program wrote the state, not which one. */
const stateShape = z.looseObject({
  manager: z.looseObject({}).optional(),
  punts: z.array(z.looseObject({ type: puntType, interconnect: name, cnf: name, key: name, label: name })),
  interconnects: z.array(
    z.looseObject({
      ...{ vppSelector: name, cnfSelector: name, type: name, name, link, users: names, priority: z.number() },
      ...{ netns: z.number().optional(), socket: name.optional(), secret: name.optional(), macName: name.optional() },
      subnets: z.record(name, z.number()),
    }),
  ),
  namespaces: z.array(z.looseObject({ id: z.number(), path: name, identity: name.optional() })),
  claims: texts,
  // A note of another form counts as none.
  notes: z.record(name, z.unknown()),
});

function parsed(body: string): object {
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}

function upgraded(state: object, from: number): StoredState {
  let current = state;
  for (let at = from; at < VERSION; at++) current = UPGRADES[at]!(current);
  return current as StoredState;
}

function headerOf(line: string): { format?: string; version?: number; sha256?: string } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function damaged(path: string, reason: string): PuntError {
  return new PuntError("punt.store", "ERR_STORE_DAMAGED", `${path} is damaged: ${reason}`, { path });
}
