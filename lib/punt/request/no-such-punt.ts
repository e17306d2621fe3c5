// The errors of calls that name a punt which is not there, or is there already.
import { PuntError } from "../../errors.js";
import { idOf, idText, type PuntId } from "./request.js";

/** Returns the error; `op` is the call. */
export function noSuchPunt(op: string, id: PuntId): PuntError {
  return new PuntError(op, "ERR_NO_SUCH_PUNT", `there is no punt ${idText(id)}`, { id: idOf(id) });
}

/** Returns the error of an add whose punt exists with another request. */
export function puntExists(id: PuntId): PuntError {
  const message = `punt ${idText(id)} exists with another request; update it, or delete it first`;
  return new PuntError("punt.add", "ERR_PUNT_EXISTS", message, { id: idOf(id) });
}
