// Asks for punts that live as long as a session, or for good.
import { PuntError } from "../../errors.js";
import { idKey, idOf, isSameRequest, type PuntId, type PuntRequest, type Punts } from "../../punt/index.js";
import type { Binding, Sessions } from "../sessions.js";
import type { Parts, Scope } from "./scope.js";

/**
 * Asks for punts that live as long as a session, or for good. They are bound before they are asked for, and the binding is kept: a
 * program or a daemon that ends while it waits leaves nothing behind.
 */
export async function bound<T>(
  { punts, sessions }: Pick<Parts, "punts" | "sessions">,
  { op, host }: Pick<Scope, "op" | "host">,
  requests: readonly PuntRequest[],
  session: string,
  ask: () => Promise<T>,
): Promise<T> {
  if (host !== undefined) {
    if (session === "") return ask();
    throw new PuntError(op, "ERR_OPTION", "a session is of the daemon's own host", { option: "session" });
  }
  if (session !== "") await sessions.ready();
  return sessions.asking(requests.map(idOf), async (turn) => {
    const call = new BoundCall(punts, sessions, { requests, session, turn });
    await call.bind(op === "punt.add");
    let result: T;
    try {
      await sessions.saved();
      result = await ask();
    } catch (error) {
      await call.failed(error as PuntError);
      throw error;
    }
    await call.succeeded();
    return result;
  });
}

interface Asked {
  readonly requests: readonly PuntRequest[];
  /** The session's id; "": the punts are asked for for good. */
  readonly session: string;
  readonly turn: number;
}

/** Errors with which nothing was done, of no punt of the call. */
const REFUSALS = new Set(["ERR_CONFLICT", "ERR_POOL_EXHAUSTED"]);

/** The punts of a call, and the sessions that they leave and enter. */
class BoundCall {
  readonly #punts: Punts;
  readonly #sessions: Sessions;
  readonly #asked: Asked;
  /** Where the punts were that were bound before the call. */
  readonly #before = new Map<string, Binding | undefined>();
  #moment = 0;

  constructor(punts: Punts, sessions: Sessions, asked: Asked) {
    this.#punts = punts;
    this.#sessions = sessions;
    this.#asked = asked;
  }

  /** Binds the punts before they are asked for. @throws PuntError ERR_NO_SUCH_SESSION: nothing was done */
  async bind(isAdd: boolean): Promise<void> {
    const done: PuntId[] = [];
    try {
      for (const request of this.#asked.requests) {
        const id = idOf(request);
        // An add that will be refused, because another request has the id, does not change that one's session.
        const known = isAdd ? await this.#punts.get(id) : undefined;
        if (known && !isSameRequest(known.request, request)) continue;
        this.#before.set(idKey(id), this.#put(id));
        done.push(id);
      }
    } catch (error) {
      for (const id of done) await this.#putBack(id);
      throw error;
    }
    this.#moment = this.#sessions.moment;
  }

  async succeeded(): Promise<void> {
    for (const request of this.#asked.requests) await this.#putLate(idOf(request));
  }

  async failed({ op, code }: PuntError): Promise<void> {
    // VPP refuses something of a punt, and the manager goes on.
    const isTaken = op === "punt.reconcile";
    for (const request of this.#asked.requests) {
      const id = idOf(request);
      const found = await this.#punts.get(id);
      if (!found) this.#sessions.unbind(id, this.#moment);
      else if (!isTaken && (REFUSALS.has(code) || !isSameRequest(found.request, request))) await this.#putBack(id);
      else await this.#putLate(id);
    }
  }

  #put(id: PuntId, since?: number): Binding | undefined {
    const { session } = this.#asked;
    return session === "" ? this.#sessions.unbind(id, since) : this.#sessions.bind(session, id);
  }

  async #putBack(id: PuntId): Promise<void> {
    const key = idKey(id);
    if (this.#before.has(key)) await this.#sessions.putBack(id, this.#before.get(key), this.#asked.turn);
  }

  /** Binds a punt that could not be bound before the call. @throws PuntError ERR_NO_SUCH_SESSION */
  async #putLate(id: PuntId): Promise<void> {
    // An earlier session's end may have failed to delete a punt that stays for good now.
    if (this.#asked.session !== "" && this.#before.has(idKey(id))) return;
    try {
      this.#put(id, this.#moment);
    } catch (error) {
      await this.#sessions.orphaned(id, this.#asked.turn);
      throw error;
    }
  }
}
