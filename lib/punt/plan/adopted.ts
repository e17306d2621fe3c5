// Judges an adoption: all punts that are taken over must be there.
import { PuntError } from "../../errors.js";
import { idKey, idText, type PuntId } from "../request/index.js";

interface Judged {
  readonly id: PuntId;
  readonly state: string;
  readonly reasons: readonly string[];
}

/** @throws PuntError `ERR_NOT_READY`: one of the punts that are asked for is not CREATED; `consequence` begins the message */
export function requireReady(asked: readonly PuntId[], punts: readonly Judged[], consequence: string): void {
  const wanted = new Set(asked.map(idKey));
  const unready = punts.filter(({ id, state }) => wanted.has(idKey(id)) && state !== "CREATED" && state !== "DEGRADED");
  if (unready.length === 0) return;
  const texts = unready.map(({ id, state, reasons }) => `${idText(id)} is ${[state, ...reasons].join(", ")}`);
  const message = `${consequence}, as not every punt can be there: ${texts.join("; ")}`;
  throw new PuntError("punt.adopt", "ERR_NOT_READY", message);
}
