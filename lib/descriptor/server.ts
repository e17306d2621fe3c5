// Hands open descriptors to other processes, at a UNIX socket.
import { PuntError } from "../errors.js";
import { type NativeDescriptor, type NativePassingListener, native } from "../native.js";
import { Connection, type ReceivedFrame } from "./connection.js";
import { openPeerProcess, type PeerCredentials, peerCredentials } from "./credentials.js";
import { closeAll, Descriptor } from "./descriptor.js";
import { encodeRefusal, protocolError } from "./frame.js";
import { type CheckedExchange, DescriptorCheck, type ExchangeOptions } from "./options.js";

/** A client's question and identity. Its descriptors and `process` are open until the handler has ended, also when that is too late for an answer. */
export interface DescriptorRequest {
  readonly credentials: PeerCredentials;
  /** The client's process as a pidfd; undefined where the kernel has none, or when it has ended. */
  readonly process: Descriptor | undefined;
  readonly bytes: Uint8Array;
  /** The descriptors from the client, open during the call. `duplicate` or `release` a descriptor to keep it. */
  readonly descriptors: readonly Descriptor[];
  /** Aborted when the server closes, or when the time for the exchange is over. */
  readonly signal: AbortSignal;
}

/** The answer to a client. The server closes the descriptors once they are passed on. */
export interface DescriptorAnswer {
  readonly bytes: Uint8Array;
  readonly descriptors?: readonly Descriptor[];
}

/** Answers a request. A PuntError that it throws is the client's with `op`, `code`, `message` and `details`. */
export type DescriptorHandler = (request: DescriptorRequest) => DescriptorAnswer | Promise<DescriptorAnswer>;

export interface DescriptorServerOptions extends ExchangeOptions {
  /** Permissions of the socket file. Default 0o660. */
  readonly mode?: number;
  /** Group of the socket file, by name or number. Default: the process's group. */
  readonly group?: string | number | undefined;
  /** Exchanges at a time, 1-1024, and with them handlers that are late; further clients wait to be accepted, and silent ones are disconnected then. Default 64. */
  readonly maxConnections?: number;
  /** Gets what goes wrong with single clients, and what a handler throws beside PuntErrors. */
  readonly onError?: (error: unknown, credentials: PeerCredentials | undefined) => void;
}

const OP = "descriptor-server.listen";
const ANSWER = new DescriptorCheck("descriptor-server.answer");
const NAMES = ["maxBytes", "maxDescriptors", "timeoutMs", "mode", "group", "maxConnections", "onError"];
/** After it could not accept (no descriptor left): how long not to try, as the kernel says at once that there is one. */
const PAUSE_MS = 100;
/** While others wait to be accepted: how long a client may say nothing. A client sends its request as soon as it is connected. */
const SILENT_MS = 250;
const LOOK_MS = 50;

/** A client from its acceptance to its request. */
interface Silent {
  readonly connection: Connection;
  readonly since: number;
}

/**
 * Listens at a UNIX stream socket. A client connects, sends one request with descriptors beside it, gets one answer with
 * descriptors beside it, and closes ({@link receiveDescriptors}). Clients are asked for nothing: the kernel says who they are.
 * A client that sends junk, too much, or nothing is disconnected and costs the others nothing.
 */
export class DescriptorServer implements AsyncDisposable {
  readonly path: string;
  readonly #listener: NativePassingListener;
  readonly #handler: DescriptorHandler;
  readonly #limits: CheckedExchange;
  readonly #maxConnections: number;
  readonly #onError: NonNullable<DescriptorServerOptions["onError"]>;
  readonly #exchanges = new Map<Promise<void>, Connection>();
  readonly #silent = new Set<Silent>();
  /** Handlers that still work, after their exchanges. */
  #late = 0;
  /** Looks at the silent ones while there is no room for another client. */
  #look: NodeJS.Timeout | undefined;
  #closed = false;
  #closing: Promise<void> = Promise.resolve();
  #pause: NodeJS.Timeout | undefined;

  private constructor(path: string, handler: DescriptorHandler, options: DescriptorServerOptions) {
    this.path = path;
    this.#handler = handler;
    const check = new DescriptorCheck(OP);
    this.#limits = check.exchange(options);
    this.#maxConnections = check.integer("maxConnections", options.maxConnections ?? 64, 1, 1024);
    this.#onError = options.onError ?? (() => {});
    const file = { path, mode: check.mode(options.mode), group: check.groupNumber(options.group) };
    this.#listener = new native.PassingListener(file, (connection) => this.#accept(connection));
    this.#listener.watch(true);
  }

  /**
   * Listens at `path` and answers requests with `handler`. A file that a dead process left at the path is replaced.
   *
   * @throws PuntError `ERR_OPTION` (`details.option`); `EADDRINUSE` when a living process listens there; `EEXIST` when
   *   something other than a socket is there; the errno name of what failed
   */
  static listen(path: string, handler: DescriptorHandler, options: DescriptorServerOptions = {}): DescriptorServer {
    const check = new DescriptorCheck(OP);
    check.known(options, NAMES);
    check.callback("handler", handler);
    if (options.onError !== undefined) check.callback("onError", options.onError);
    return new DescriptorServer(check.socketPath("path", path), handler, options);
  }

  /** Keeps the process running while it listens (the default). */
  ref(): this {
    this.#listener.setRef(true);
    return this;
  }

  /** Lets the process end although it listens. */
  unref(): this {
    this.#listener.setRef(false);
    return this;
  }

  /** Stops listening, removes the socket's file and disconnects all clients. Resolves when that is done. */
  close(): Promise<void> {
    if (!this.#closed) this.#closing = this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#pause);
    clearInterval(this.#look);
    this.#listener.close();
    for (const connection of this.#exchanges.values()) connection.close();
    await Promise.all(this.#exchanges.keys());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(accepted: NativeDescriptor | string): void {
    if (typeof accepted === "string") {
      this.#onError(new PuntError(OP, accepted, `a connection to ${this.path} could not be accepted`), undefined);
      this.#listener.watch(false);
      this.#pause = setTimeout(() => this.#listener.watch(true), PAUSE_MS).unref();
      return;
    }
    let connection: Connection;
    try {
      connection = new Connection(Descriptor.of(accepted), this.#limits.timeoutMs);
    } catch (error) {
      // The event loop is short of something, or ends with its thread.
      this.#onError(error as PuntError, undefined);
      return;
    }
    const exchange = this.#serve(connection).finally(() => {
      this.#exchanges.delete(exchange);
      connection.close();
      this.#hasEnded();
    });
    this.#exchanges.set(exchange, connection);
    if (this.#hasNoRoom()) this.#isFull();
  }

  #hasNoRoom(): boolean {
    return this.#exchanges.size + this.#late >= this.#maxConnections;
  }

  #hasEnded(): void {
    if (this.#closed || this.#hasNoRoom()) return;
    clearInterval(this.#look);
    this.#look = undefined;
    this.#listener.watch(true);
  }

  /** Some clients may have come to keep the others out. */
  #isFull(): void {
    this.#listener.watch(false);
    // Not before what has come was read: this process may have stood still, and not the clients.
    this.#look ??= setInterval(() => setImmediate(() => this.#giveUpSilent()), LOOK_MS).unref();
  }

  #giveUpSilent(): void {
    const latest = performance.now() - SILENT_MS;
    for (const { connection, since } of this.#silent) if (since <= latest) connection.giveUp(SILENT_MS);
  }

  async #requestOf(connection: Connection): Promise<ReceivedFrame> {
    const silent = { connection, since: performance.now() };
    this.#silent.add(silent);
    try {
      return await connection.receive(this.#limits);
    } finally {
      this.#silent.delete(silent);
    }
  }

  /** Never rejects. */
  async #serve(connection: Connection): Promise<void> {
    let credentials: PeerCredentials | undefined;
    try {
      credentials = peerCredentials(connection.fd);
      const request = await this.#requestOf(connection);
      if (request.kind !== "request") {
        closeAll(request.descriptors);
        throw protocolError("its first frame is not a request");
      }
      await this.#answer(connection, { credentials, bytes: request.bytes, descriptors: request.descriptors });
      await connection.drain();
    } catch (error) {
      // A client that only looks for a listener leaves without a word.
      const hasLeft = !connection.hasSpoken && (error as PuntError).code === "ECONNRESET";
      if (!hasLeft) this.#onError(error, credentials);
    }
  }

  async #answer(connection: Connection, asked: Omit<DescriptorRequest, "process" | "signal">): Promise<void> {
    const { signal } = connection;
    const request = { ...asked, process: openPeerProcess(connection.fd), signal };
    const handled = Promise.resolve().then(() => this.#handler(request));
    let passed: readonly Descriptor[] = [];
    try {
      const answer = await inTime(handled, signal);
      passed = ANSWER.descriptors(answer.descriptors ?? []);
      await connection.send({ kind: "answer", bytes: ANSWER.payload(answer.bytes) }, passed);
    } catch (error) {
      if (!(error instanceof PuntError)) this.#onError(error, asked.credentials);
      await connection.send({ kind: "refusal", bytes: encodeRefusal(error) }, []);
    } finally {
      closeAll(passed);
      this.#closeAfter(handled, request);
    }
  }

  /** While the handler works with the descriptors, their numbers must not become those of other files. */
  #closeAfter(handled: Promise<DescriptorAnswer>, { descriptors, process }: DescriptorRequest): void {
    this.#late++;
    const close = () => {
      this.#late--;
      closeAll(descriptors);
      process?.close();
      this.#hasEnded();
    };
    handled.then(close, close);
  }
}

/** The handler's answer, unless the time is over before. */
async function inTime(answer: Promise<DescriptorAnswer>, signal: AbortSignal): Promise<DescriptorAnswer> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([answer, aborted]);
  } catch (error) {
    answer.then(
      (late) => closeAll(late?.descriptors ?? []),
      () => {},
    );
    throw error;
  }
}
