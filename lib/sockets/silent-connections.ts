// Connections that have not sent a request yet. Their number is limited, so that they neither keep other callers out nor use up all descriptors.

/** Silent connections that stay for as long as they like. */
const MOST_SILENT = 256;
/** Milliseconds that one more has to say something: many callers may come at once. */
const PATIENCE_MS = 1_000;
/** Silent connections at any moment. */
const MOST_AT_ONCE = 4_096;

interface Connection {
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** The silent connections of a server. A key stands for each of them. */
export class SilentConnections<Key> {
  readonly #silent = new Map<Key, { readonly connection: Connection; readonly since: number }>();
  #look: NodeJS.Immediate | undefined;

  /** Takes a new connection. Ends the oldest ones that are silent too many, once what has come was read: it may be this process that stood still. */
  add(key: Key, connection: Connection): void {
    this.#silent.set(key, { connection, since: performance.now() });
    connection.once("close", () => this.delete(key));
    this.#look ??= setImmediate(() => {
      this.#look = undefined;
      this.#endOldest();
    });
  }

  /** Forgets a connection that has asked for something. Returns false if it was not silent. */
  delete(key: Key): boolean {
    return this.#silent.delete(key);
  }

  #endOldest(): void {
    for (const [oldest, { connection, since }] of this.#silent) {
      const { size } = this.#silent;
      if (size <= MOST_SILENT || (size <= MOST_AT_ONCE && performance.now() - since < PATIENCE_MS)) return;
      this.#silent.delete(oldest);
      connection.destroy();
    }
  }
}
