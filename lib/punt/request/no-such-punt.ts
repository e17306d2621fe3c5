// The error of a call that names a punt which is not there.
import { PuntError } from "../../errors.js";
import { idOf, idText, type PuntId } from "./request.js";

/** Returns the error; `op` is the call. */
export function noSuchPunt(op: string, id: PuntId): PuntError {
  return new PuntError(op, "ERR_NO_SUCH_PUNT", `there is no punt ${idText(id)}`, { id: idOf(id) });
}
