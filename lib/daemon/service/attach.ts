// The Attach call: what a CNF opens, and the one-time tokens with which attach.sock hands over descriptors.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import { idText, type PuntId } from "../../punt/index.js";
import { type AttachResponseSchema, statusToWire } from "../../wire/index.js";
import type { Parts, Scope } from "./scope.js";

/** Answers Attach. */
export class Attacher {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async attach(
    given: PuntId,
    _pathsOnly: boolean,
    scope: Scope,
  ): Promise<MessageInitShape<typeof AttachResponseSchema>> {
    const { view, op } = scope;
    const id = view.id(given);
    scope.punts = [id];
    const status = view.sees(id) ? await this.#parts.punts.get(id) : undefined;
    if (!status) throw new PuntError(op, "ERR_NO_SUCH_PUNT", `there is no punt ${idText(given)}`, { id: given });
    scope.rule = view.rights.requireChange(id.cnf, op).name;
    return { status: statusToWire(view.status(status, await scope.hidden())), token: "", socket: "", handovers: [] };
  }
}
