// The text of a store's file: a first line with format, version and checksum, and the state.
import { createHash } from "node:crypto";
import { PuntError } from "../../errors.js";
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
  return upgraded(JSON.parse(body), version);
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
