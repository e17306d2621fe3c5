// The HTTP/2 connection to a daemon, and how calls wait while the daemon is away.
import { X509Certificate } from "node:crypto";
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { PuntError } from "../../errors.js";
import { hostPort } from "../../net/index.js";
import { errorFromWire, Punts as PuntsService } from "../../wire/index.js";
import { type ConnectOptions, socketOf, type TlsAddress } from "../options.js";
import { http2Line, type Line } from "./line.js";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;

/** Pauses that grow, for attempts that fail one after the other. */
export class Pauses {
  #next = FIRST_PAUSE_MS;

  reset(): void {
    this.#next = FIRST_PAUSE_MS;
  }

  /** Rejects when the signal is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    // Half of it at random: many modules do not come back to a new daemon in the same instant.
    await sleep(this.#next * (0.5 + Math.random() / 2), undefined, { signal });
    this.#next = Math.min(2 * this.#next, LONGEST_PAUSE_MS);
  }
}

/** How often in a row certificates do not fit until a call that waits gives up. A daemon that ends in that moment looks the same. */
const MOST_REFUSALS = 3;

/** Milliseconds for which a call that does not wait tries a daemon whose queue of connections is full. */
const PATIENCE_MS = 2_000;

/** How long a daemon may leave a call and a ping without an answer, where no option says so. */
const ANSWER_TIMEOUT_MS = 6_000;
/** How long a call may take before a ping asks whether the daemon is there. The rest of the time is the ping's. */
const FIRST_DOUBT_MS = 1_000;

/** Tells a user who may not open the daemon's socket where its group comes from. */
const SOCKET_GROUP = "The daemon's --socket-group names that group";

/** Operations that change punts. */
const CHANGES = /\.(add|update|apply|delete)$/;

/** The end of an attempt. */
type Outcome<T> = "silent" | { readonly value: T } | { readonly error: unknown };

/** A connection that comes back by itself. */
export class Connection {
  readonly client: Client<typeof PuntsService>;
  /** Aborted by `close`. */
  readonly ending = new AbortController();
  readonly #sessions: Line["sessions"];
  readonly #wait: number;
  readonly #answerTimeout: number;
  readonly #where: string;
  readonly #tls: TlsAddress | undefined;

  constructor(options: ConnectOptions, line: Line = http2Line(options)) {
    // Every call under way listens.
    setMaxListeners(0, this.ending.signal);
    const { tls, wait = 0, answerTimeout = ANSWER_TIMEOUT_MS } = options;
    this.#wait = wait === true ? Number.POSITIVE_INFINITY : wait;
    this.#answerTimeout = answerTimeout;
    this.#tls = tls;
    this.#where = tls ? hostPort(tls.host, tls.port) : socketOf(options);
    this.#sessions = line.sessions;
    this.client = createClient(PuntsService, line.transport);
  }

  get isClosed(): boolean {
    return this.ending.signal.aborted;
  }

  /**
   * Does a call. While the daemon is away it is tried again, for as long as the options say; each call of the contract may be
   * repeated without harm. A daemon whose socket has a full queue of connections is tried for 2 s at least.
   *
   * @throws PuntError as the daemon's manager threw it; ERR_DISCONNECTED: the daemon is away, or leaves the call and a ping without an answer
   * for too long; ERR_CERTIFICATE: the daemon and this program do not trust each other's certificates; ERR_CLOSED
   * @param signal ends the call; default: the connection's end
   */
  async call<T>(
    op: string,
    body: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal = this.ending.signal,
  ): Promise<T> {
    const start = performance.now();
    const pauses = new Pauses();
    let refusals = 0;
    for (;;) {
      if (signal.aborted) throw this.closedError(op);
      const outcome = await this.#attempt(body, start, signal);
      if (outcome === "silent") throw this.#silentError(op);
      if ("value" in outcome) return outcome.value;
      const { error } = outcome;
      if (signal.aborted) throw this.closedError(op);
      const isLate = performance.now() - start >= this.#patience(error);
      refusals = this.isDistrusted(error) ? refusals + 1 : 0;
      if (!isAway(error) || isLate || refusals === MOST_REFUSALS) throw this.errorOf(error, op);
      await pauses.wait(signal).catch(() => {});
    }
  }

  /** Milliseconds for which a call is tried again after such an error. */
  #patience(error: unknown): number {
    return isCrowded(error) ? Math.max(this.#wait, PATIENCE_MS) : this.#wait;
  }

  /** Does a call once. It ends early when the daemon has said nothing for too long: a process that is stopped still takes connections. */
  async #attempt<T>(
    body: (signal: AbortSignal) => Promise<T>,
    start: number,
    signal: AbortSignal,
  ): Promise<Outcome<T>> {
    const ending = new AbortController();
    const end = () => ending.abort();
    signal.addEventListener("abort", end);
    const work = body(ending.signal).then(
      (value): Outcome<T> => ({ value }),
      (error): Outcome<T> => ({ error }),
    );
    const silence = this.#silence(start, ending.signal).catch(() => new Promise<never>(() => {}));
    const outcome = await Promise.race([work, silence]);
    signal.removeEventListener("abort", end);
    end();
    return outcome;
  }

  /** Resolves when the daemon leaves a ping without an answer and the call's time is over. Rejects when the signal is aborted. */
  async #silence(start: number, signal: AbortSignal): Promise<"silent"> {
    const limit = Math.max(this.#wait, this.#answerTimeout);
    if (limit === Number.POSITIVE_INFINITY) return new Promise<never>(() => {});
    const doubt = Math.min(FIRST_DOUBT_MS, this.#answerTimeout / 4);
    const patience = this.#answerTimeout - doubt;
    let pause = Math.max(doubt, start + limit - patience - performance.now());
    do {
      await sleep(pause, undefined, { signal, ref: false });
      pause = patience;
    } while (await this.#sessions.isAnswering(patience));
    return "silent";
  }

  #silentError(op: string): PuntError {
    const [address, timeout] = [this.#where, this.#answerTimeout];
    const outcome = CHANGES.test(op) ? "; whether the call was carried out is not known" : "";
    const why = this.#tls ? "its host is out of reach, or it is stopped, or too busy" : "it is stopped, or too busy";
    const text = `the daemon at ${address} does not answer within ${timeout} ms: ${why}${outcome}`;
    const remedy = "Look at the state of its process and at its log";
    return new PuntError(op, "ERR_DISCONNECTED", text, { address, timeout, remedy });
  }

  /** Returns the error as the in-process manager would have thrown it. */
  errorOf(error: unknown, op: string): PuntError {
    const { code, cause } = ConnectError.from(error);
    if (isTooSlow(error)) {
      const message = "this program did not read for too long, so the daemon has ended the stream";
      return new PuntError(op, "ERR_SLOW_WATCHER", message, {}, cause);
    }
    const distrust = this.#distrust(error);
    if (distrust) {
      // A daemon that was there before may get other certificates in this moment.
      const found = this.#sessions.hasAnswered ? "ERR_DISCONNECTED" : "ERR_CERTIFICATE";
      return new PuntError(op, found, distrust, { address: this.#where }, cause);
    }
    const { syscall, reason, code: nodeCode } = (cause ?? {}) as NodeJS.ErrnoException & { readonly reason?: string };
    // Only OpenSSL's errors have a reason. The server at this address does not speak TLS 1.3.
    if (this.#tls && reason !== undefined && !isAnswer(error)) {
      const text = `what answers at ${this.#where} is not the TCP door of a daemon: ${reason}`;
      return new PuntError(op, "ERR_DISCONNECTED", text, { address: this.#where });
    }
    const isLinux = syscall === "connect" || syscall === "getaddrinfo";
    const isCut = syscall === "read" || syscall === "write" || nodeCode === "ERR_HTTP2_SESSION_ERROR";
    if (!isAnswer(error) && (code === Code.Canceled || code === Code.Aborted || isCut)) {
      const text = `the daemon at ${this.#where} ended during the call: whether the call was carried out is not known`;
      return new PuntError(op, "ERR_DISCONNECTED", text, { address: this.#where }, error);
    }
    if (isAnswer(error) || !(isLinux || code === Code.Unavailable)) return errorFromWire(error, op);
    return this.#unreached(op, (cause as NodeJS.ErrnoException | undefined)?.code, isLinux ? cause : error);
  }

  #unreached(op: string, code: string | undefined, cause: unknown): PuntError {
    const address = this.#where;
    if (code === "EAGAIN") {
      const text = `the daemon at ${address} takes no connection: it is busy or stopped, and the queue of its socket is full`;
      return new PuntError(op, "ERR_DISCONNECTED", text, { address, remedy: "Try again later" }, cause);
    }
    if (code === "EACCES") {
      const text = `user ${process.getuid!()} may not open ${address}: run the program as root, or as a member of the socket's group`;
      return new PuntError(op, "ERR_DISCONNECTED", text, { address, remedy: SOCKET_GROUP }, cause);
    }
    return new PuntError(op, "ERR_DISCONNECTED", `no daemon answers at ${address}`, { address }, cause);
  }

  /** Whether the daemon and this program do not trust each other's certificates, and never did. */
  isDistrusted(error: unknown): boolean {
    return !this.#sessions.hasAnswered && this.#distrust(error) !== undefined;
  }

  /** Returns whose certificate is not trusted, if that is the reason why a call failed. */
  #distrust(error: unknown): string | undefined {
    if (!this.#tls || isAnswer(error)) return undefined;
    const { code = "", message } = (ConnectError.from(error).cause ?? {}) as NodeJS.ErrnoException;
    if (VERIFICATION.test(code)) return `the certificate of the daemon at ${this.#where} is not trusted: ${message}`;
    if (!isLost(error) || !this.#sessions.isUnanswered) return undefined;
    const own = certificateText(this.#tls.cert);
    return `the daemon at ${this.#where} ended the connection after the handshake: it does not trust ${own}; its audit log has the reason`;
  }

  closedError(op: string): PuntError {
    return new PuntError(op, "ERR_CLOSED", "the connection was closed");
  }

  close(): void {
    this.ending.abort();
    this.#sessions.abort();
  }
}

/** Codes of OpenSSL and Node.js for a certificate that is not trusted. */
const VERIFICATION = /CERT|CRL|^UNABLE_TO_|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH|^HOSTNAME_/;

/** Returns this program's certificate as messages name it. */
function certificateText(pem: string | Buffer): string {
  const { subject, validTo } = new X509Certificate(pem);
  const name = subject ? subject.replaceAll("\n", ", ") : "no subject";
  const isOver = new Date(validTo) < new Date();
  return `this program's certificate (${name}), which ${isOver ? "expired on" : "is valid until"} ${validTo}`;
}

/** Whether a daemon is there, and has no room in the queue of its socket. */
function isCrowded(error: unknown): boolean {
  return (ConnectError.from(error).cause as NodeJS.ErrnoException | undefined)?.code === "EAGAIN";
}

/** Whether a call failed because the daemon is away or stops, or cannot judge it before VPP is there. */
export function isAway(error: unknown): boolean {
  return isLost(error) || ConnectError.from(error).code === Code.Unavailable;
}

/** HTTP/2's errors for a connection that ends. They depend on the progress of the call. */
const LOST: readonly Code[] = [Code.Unavailable, Code.Internal, Code.Canceled, Code.Aborted, Code.Unknown];

/** Whether the connection or the daemon ended, as opposed to an answer of the daemon. */
export function isLost(error: unknown): boolean {
  if (isTooSlow(error)) return false;
  if (!isAnswer(error)) return LOST.includes(ConnectError.from(error).code);
  const { code } = errorFromWire(error, "");
  return code === "ERR_CLOSED" || code === "ERR_DISCONNECTED";
}

/** Whether the daemon has reset a stream that was not read. Node.js reports that as any other end of a stream. */
function isTooSlow(error: unknown): boolean {
  return !isAnswer(error) && ConnectError.from(error).rawMessage.includes("ENHANCE_YOUR_CALM");
}

/** Whether the daemon has answered with this error: then it has a detail, with the operation. */
function isAnswer(error: unknown): boolean {
  return errorFromWire(error, "").op !== "";
}
