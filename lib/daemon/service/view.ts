// One caller's view of the punts: labels in its own space, and nothing of other CNFs.
import { messageOf, PuntError } from "../../errors.js";
import { type PuntEvent, type PuntId, type PuntStatus, withoutSecrets } from "../../punt/index.js";
import type { Rights } from "../policy/index.js";
import type { PuntNames } from "./names.js";

const OTHER = "a punt of another CNF";

/** Translates between the manager and one caller. */
export class View {
  readonly rights: Rights;
  readonly #names: PuntNames;
  /** The CNFs that the caller has named. To hide them would tell which of them have punts. */
  readonly #written = new Set<string>();

  constructor(rights: Rights, names: PuntNames) {
    this.rights = rights;
    this.#names = names;
  }

  /** Returns the view of a caller with these rights that has named no CNF. */
  unnamed(): View {
    return new View(this.rights, this.#names);
  }

  /** Returns the manager's label of the caller's CNF. */
  label(cnf: string): string {
    if (cnf === "") return "";
    const label = this.rights.space + cnf;
    this.#written.add(label);
    return label;
  }

  /** Returns the manager's id of the caller's punt. */
  id<I extends { readonly cnf: string }>(id: I): I {
    return { ...id, cnf: this.label(id.cnf) };
  }

  sees({ cnf }: PuntId): boolean {
    return this.rights.sees(cnf);
  }

  /** Returns the caller's id of a punt. */
  idOut<I extends { readonly cnf: string }>(id: I): I {
    const { space } = this.rights;
    return space !== "" && id.cnf.startsWith(space) ? { ...id, cnf: id.cnf.slice(space.length) } : id;
  }

  /**
   * Returns a status as the caller may see it, and the same object where the caller may see all of it. With a secret, a caller that may only
   * look could take a CNF's packets.
   */
  status(full: PuntStatus): PuntStatus {
    const { space, isOperator } = this.rights;
    const status = this.rights.changes(full.id.cnf) ? full : withoutSecrets(full);
    const { id, request, metadata, failure } = status;
    if (space === "" && (isOperator || !failure)) return status;
    return {
      ...status,
      id: this.idOut(id),
      request: this.idOut(request),
      metadata: { ...metadata, id: this.idOut(metadata.id) },
      ...(failure && { failure: { ...failure, message: this.text(failure.message) } }),
    };
  }

  event(event: PuntEvent): PuntEvent {
    const { id, status, cause } = event;
    return { ...event, id: this.idOut(id), cause: this.text(cause), status: this.status(status) };
  }

  /** Returns an error as the caller may see it. */
  error(error: PuntError): PuntError {
    if (this.rights.isOperator) return error;
    const { op, code } = error;
    const details = Object.entries(error.details).flatMap(([name, value]) => {
      if (!isId(value)) return [[name, value] as const];
      return this.sees(value) ? [[name, this.idOut(value)] as const] : [];
    });
    return new PuntError(op, code, this.text(messageOf(error)), Object.fromEntries(details));
  }

  /** Returns a text without the names of other CNFs' punts, and without the caller's own prefix. */
  text(text: string): string {
    const { space, isOperator } = this.rights;
    const isHidden = (cnf: string) => !this.rights.sees(cnf) && !this.#written.has(cnf);
    const shown = isOperator ? text : this.#names.hide(text, isHidden, OTHER);
    return space === "" ? shown : shown.replaceAll(space, "");
  }
}

function isId(value: unknown): value is PuntId {
  return typeof value === "object" && value !== null && "cnf" in value && "key" in value && "label" in value;
}
