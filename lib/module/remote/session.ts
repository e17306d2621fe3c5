// A session with the daemon: the stream that the punts of this program live on.
import type { PuntError } from "../../errors.js";
import { type Connection, isLost, Pauses } from "./connection.js";

/** The life of a session. */
export interface SessionLife {
  /** How often its stream was lost so far. Its punts may be gone since: the grace period may be over. */
  readonly losses: number;
  /** Calls `listener` each time the stream is open again. */
  onReopened(listener: () => void): void;
}

/** Holds the stream open, and opens it again under its id when the daemon comes back. */
export class SessionKeeper implements SessionLife {
  /** Rejects when another program opened a session of the same CNF. */
  readonly replaced: Promise<never>;
  readonly #connection: Connection;
  #id = "";
  #losses = 0;
  #isOpen = false;
  readonly #listeners: (() => void)[] = [];
  #opened: Promise<string>;
  #resolve!: (id: string) => void;
  #reject!: (error: PuntError) => void;

  constructor(connection: Connection, cnf: string, graceMs: number) {
    this.#connection = connection;
    this.#opened = this.#pending();
    this.replaced = this.#hold(cnf, graceMs);
    this.replaced.catch(() => {});
  }

  /**
   * Resolves with the session's id, once the daemon knows it.
   *
   * @throws PuntError ERR_REPLACED, ERR_POLICY, ERR_CERTIFICATE, ERR_NOT_LEADER; ConnectError: the daemon is away
   */
  async id(signal: AbortSignal): Promise<string> {
    // The stream is tried without an end. A call that does not wait has to learn that nothing answers.
    if (!this.#isOpen) await this.#connection.client.info({}, { signal });
    return this.#opened;
  }

  get losses(): number {
    return this.#losses;
  }

  onReopened(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #pending(): Promise<string> {
    const opened = new Promise<string>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    opened.catch(() => {});
    return opened;
  }

  async #hold(cnf: string, graceMs: number): Promise<never> {
    const { signal } = this.#connection.ending;
    const pauses = new Pauses();
    for (;;) {
      try {
        const session = this.#id;
        for await (const reply of this.#connection.client.session({ cnf, graceMs, session }, { signal })) {
          pauses.reset();
          this.#id = reply.session;
          this.#isOpen = true;
          this.#resolve(reply.session);
          if (this.#losses > 0) for (const listener of this.#listeners) listener();
        }
      } catch (error) {
        if (signal.aborted || !isLost(error) || this.#connection.isDistrusted(error)) {
          const op = "punt.session";
          const found = signal.aborted ? this.#connection.closedError(op) : this.#connection.errorOf(error, op);
          // Later calls hear of it too: a punt that they put into the session would end with it.
          if (this.#isOpen) this.#opened = this.#pending();
          this.#reject(found);
          // A daemon that does not act may act later, or give its place to the acting daemon.
          if (found.code !== "ERR_NOT_LEADER") throw found;
          this.#opened = this.#pending();
        }
      }
      // Calls wait for the id of a stream that was never open, too.
      if (this.#isOpen) this.#opened = this.#pending();
      this.#isOpen = false;
      this.#losses++;
      await pauses.wait(signal).catch(() => {});
    }
  }
}
