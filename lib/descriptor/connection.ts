// One connection that exchanges frames and descriptors, each step of it before a deadline.
import { getSystemErrorName } from "node:util";
import { PuntError } from "../errors.js";
import { type NativeDescriptor, type NativePassingSocket, native } from "../native.js";
import { closeAll, Descriptor } from "./descriptor.js";
import { decodeHeader, encodeFrame, type Frame, type FrameHeader, HEADER_SIZE, protocolError } from "./frame.js";

/** Limits of the messages from the peer. */
export interface Limits {
  /** Bytes of a frame's payload. */
  readonly maxBytes: number;
  /** Descriptors of a frame. */
  readonly maxDescriptors: number;
}

/** A frame with the descriptors that came beside it. The receiver owns them. */
export interface ReceivedFrame extends Frame {
  readonly descriptors: readonly Descriptor[];
}

const OP = "descriptor.exchange";
/** Which libuv has no name for: more descriptors are on their way in sockets than this user may have open (unix(7)). */
const TOO_MANY_REFERENCES = -109;
const READABLE = 1;
const WRITABLE = 2;
const NONE = new Int32Array(0);

/**
 * A connected socket. Every wait ends at the deadline, when the peer goes, or at `close`. Whatever came and was not returned is
 * closed with the connection.
 */
export class Connection {
  readonly #socket: NativePassingSocket;
  readonly #timer: NodeJS.Timeout;
  #wake: (() => void) | undefined;
  #problem: PuntError | undefined;
  #passed: NativeDescriptor[] = [];
  readonly #ended = new AbortController();
  /** Whether the peer has sent anything. */
  hasSpoken = false;

  /** Takes over the socket. */
  constructor(socket: Descriptor, timeoutMs: number) {
    this.#socket = new native.PassingSocket(socket.handOver(), () => this.#wakeUp());
    const late = () =>
      this.#end(new PuntError(OP, "ETIMEDOUT", `the exchange took longer than ${timeoutMs} ms`, { timeoutMs }));
    // Not before what has come was read: this process may have stood still, and not the peer.
    this.#timer = setTimeout(() => setImmediate(late), timeoutMs);
  }

  /** The socket's descriptor, for asking who its peer is. */
  get fd(): number {
    return this.#socket.number();
  }

  /** Aborted at the deadline, and when the connection is closed. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Sends a frame, with the descriptors beside its first byte. They stay the caller's. */
  async send(frame: Frame, descriptors: readonly Descriptor[]): Promise<void> {
    const bytes = encodeFrame(frame, descriptors.length);
    let passing = Int32Array.from(descriptors, ({ fd }) => fd);
    for (let at = 0; at < bytes.length; ) {
      this.#check();
      const sent = this.#socket.send(bytes, at, passing);
      if (await this.#again(sent, WRITABLE)) continue;
      at += sent;
      passing = NONE;
    }
  }

  /** Receives one frame. */
  async receive(limits: Limits): Promise<ReceivedFrame> {
    const header = decodeHeader(await this.#read(HEADER_SIZE, limits));
    if (header.size > limits.maxBytes) {
      throw protocolError(`a payload of ${header.size} bytes is more than the ${limits.maxBytes} allowed`);
    }
    const bytes = await this.#read(header.size, limits);
    return { kind: header.kind, bytes, descriptors: this.#take(header) };
  }

  /** Resolves when the peer has closed its end, or at the deadline. */
  async drain(): Promise<void> {
    const unwanted = new Uint8Array(256);
    try {
      for (let left = 16; left > 0; left--) {
        const size = this.#socket.receive(unwanted, 0, this.#passed, 0);
        if (!(await this.#again(size, READABLE)) && size <= 0) return;
      }
    } catch {
      // The answer was sent; how the peer ends is its own affair.
    }
  }

  /** Ends the exchange with a client that has said nothing for `ms` milliseconds. */
  giveUp(ms: number): void {
    this.#end(new PuntError(OP, "ETIMEDOUT", `no request came for ${ms} ms, and others wait`, { timeoutMs: ms }));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#end(new PuntError(OP, "ERR_CLOSED", "the connection was closed"));
    this.#socket.close();
    for (const descriptor of this.#passed.splice(0)) descriptor.close();
  }

  /** Descriptors arrive with the first byte of their frame, so those of a frame that was read are here. */
  #take({ descriptors }: FrameHeader): Descriptor[] {
    const passed = this.#passed.splice(0).map((descriptor) => Descriptor.of(descriptor));
    if (passed.length === descriptors) return passed;
    closeAll(passed);
    throw protocolError(`${passed.length} descriptors came with a frame that tells of ${descriptors}`);
  }

  async #read(size: number, { maxDescriptors }: Limits): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      this.#check();
      const came = this.#socket.receive(bytes, at, this.#passed, maxDescriptors - this.#passed.length);
      if (came === 0) throw new PuntError(OP, "ECONNRESET", "the peer has closed the connection");
      if (await this.#again(came, READABLE)) continue;
      this.hasSpoken = true;
      at += came;
    }
    return bytes;
  }

  /** True when the call has to be made again, after having waited for it; throws for any other error. */
  async #again(result: number, event: number): Promise<boolean> {
    if (result >= 0) return false;
    const code = result === TOO_MANY_REFERENCES ? "ETOOMANYREFS" : getSystemErrorName(result);
    if (code !== "EAGAIN" && code !== "EINTR") throw failure(code);
    await this.#ready(event);
    return true;
  }

  #ready(event: number): Promise<void> {
    this.#check();
    return new Promise((resolve, reject) => {
      this.#wake = () => (this.#problem ? reject(this.#problem) : resolve());
      this.#socket.watch(event);
    });
  }

  #check(): void {
    if (this.#problem) throw this.#problem;
  }

  #end(problem: PuntError): void {
    this.#problem ??= problem;
    this.#ended.abort(this.#problem);
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#socket.watch(0);
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function failure(code: string): PuntError {
  if (code === "E2BIG") return protocolError("it passed more descriptors than are allowed");
  const words: Record<string, string> = {
    EMFILE: "this process has no room for the descriptors that the peer passed",
    ETOOMANYREFS: "too many descriptors of this user's are on their way in sockets",
    EPIPE: "the peer has closed the connection",
    ECONNRESET: "the peer has closed the connection",
  };
  return new PuntError(OP, code, words[code] ?? "the connection has failed");
}
