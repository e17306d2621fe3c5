// Changes of punts as text: `+` is made, `~` is updated, `-` is removed.
import { idText, type PathlessRequest, type PlannedPunt, type PuntStatus } from "../../punt/index.js";
import { type Color, paint, printable } from "../output/index.js";
import type { Changes } from "./changes.js";

const SIGNS: Readonly<Record<string, readonly [string, Color]>> = {
  create: ["+", "green"],
  update: ["~", "yellow"],
  delete: ["-", "red"],
};

/** Returns a line with the sign and the color of a change. */
export function changeLine(kind: string, text: string): string {
  const [sign, color] = SIGNS[kind] ?? ["~", "yellow"];
  return paint(color, `${sign} ${printable(text)}`);
}

/** Returns one line for each punt that is deleted, updated or added, in this order. */
export function puntLines({ added, updated, deleted }: Changes, existing: readonly PuntStatus[]): string[] {
  const before = new Map(existing.map(({ id, request }) => [idText(id), request]));
  return [
    ...deleted.map((id) => changeLine("delete", `punt ${idText(id)}`)),
    ...updated.map((request) =>
      changeLine("update", `punt ${about(request)}  (${differences(before.get(idText(request)), request)})`),
    ),
    ...added.map((request) => changeLine("create", `punt ${about(request)}`)),
  ];
}

/** Returns a line for each punt that would not be CREATED, with the reasons. */
export function waitingLines(punts: readonly PlannedPunt[]): string[] {
  const others = punts.filter(({ state }) => state !== "CREATED");
  return others.map(({ id, state, reasons }) => `${state} ${idText(id)}  (${printable(reasons.join(", "))})`);
}

function about(request: PathlessRequest): string {
  return `${idText(request)}: ${request.type} over ${request.interconnect}`;
}

/** `vppInterface: eth0 -> eth1` for each field that is not as before. */
function differences(before: PathlessRequest | undefined, after: PathlessRequest): string {
  const [old, fresh] = [before ?? {}, after] as Record<string, unknown>[];
  const fields = [...new Set([...Object.keys(old!), ...Object.keys(fresh!)])];
  const text = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));
  const changed = fields.filter((field) => text(old![field]) !== text(fresh![field]));
  return changed.map((field) => `${field}: ${text(old![field])} -> ${text(fresh![field])}`).join(", ");
}
