// One client's connection to the API socket.
import { FRAME_HEADER, type MessageValue, Writer, writeFrameHeader } from "../../binapi/index.js";
import { spoil } from "./flaws.js";
import { Deframer } from "./framing.js";
import type { MessageTable } from "./message-table.js";
import type { ApiClient } from "./registry.js";

/** Answers of this size in bytes go out while the next ones are written. */
const SENT_TOGETHER = 64 * 1024;

/** The stream to a client: a socket of Node's, or one like it. */
export interface ClientSocket {
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  on(event: "error" | "close", listener: () => void): unknown;
  write(bytes: Uint8Array, written?: () => void): unknown;
  destroy(): unknown;
}

/** One client's connection. */
export class Connection implements ApiClient {
  readonly #deframer = new Deframer();
  readonly #goneListeners: (() => void)[] = [];
  /** Messages that wait for `flush`. */
  readonly #out = new Writer();
  #willFlush = false;
  name = "";
  #gone = false;
  readonly #socket: ClientSocket;
  readonly #table: MessageTable;
  readonly #received: (message: Buffer, connection: Connection) => void;
  readonly #failed: (error: unknown) => void;

  /**
   * @param index the client index that VPP hands out
   * @param received called with each message, in order
   */
  constructor(
    socket: ClientSocket,
    readonly index: number,
    table: MessageTable,
    received: (message: Buffer, connection: Connection) => void,
    failed: (error: unknown) => void,
  ) {
    this.#socket = socket;
    this.#table = table;
    this.#received = received;
    this.#failed = failed;
    socket.on("data", (chunk) => this.#data(chunk));
    // A killed client leaves with a reset; "close" follows.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
  }

  get isGone(): boolean {
    return this.#gone;
  }

  onGone(listener: () => void): void {
    if (this.#gone) listener();
    else this.#goneListeners.push(listener);
  }

  event(name: string, value: MessageValue): void {
    this.send(name, 0, value);
  }

  /** Sends a message with the waiting ones: at `flush`, in the next turn of the event loop, or when they are many. */
  send(name: string, context: number, value: MessageValue): void {
    if (this.#gone) return;
    this.#write(name, context, value);
    if (this.#out.at >= SENT_TOGETHER) this.flush();
    else if (!this.#willFlush) this.#flushSoon();
  }

  #flushSoon(): void {
    this.#willFlush = true;
    setImmediate(() => {
      this.#willFlush = false;
      this.flush();
    });
  }

  /** Sends all messages that wait, with one system call. */
  flush(): void {
    const bytes = this.#taken();
    if (bytes.length > 0 && !this.#gone) this.#socket.write(bytes);
  }

  /** Sends half of a message and breaks the connection. */
  cut(name: string, context: number, value: MessageValue): void {
    if (this.#gone) return;
    this.flush();
    this.#write(name, context, value);
    const frame = this.#taken();
    this.#socket.write(frame.subarray(0, frame.length >> 1), () => this.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
    this.#closed();
  }

  #write(name: string, context: number, value: MessageValue): void {
    const out = this.#out;
    const start = out.skip(FRAME_HEADER);
    try {
      this.#table.schema.message(name).write(out, this.#table.sentId(name), this.index, context, value);
    } catch (error) {
      out.at = start;
      throw error;
    }
    spoil(name, out.bytes.subarray(start + FRAME_HEADER, out.at));
    writeFrameHeader(out.view, start, out.at - start - FRAME_HEADER);
  }

  #taken(): Buffer {
    const bytes = Buffer.from(this.#out.bytes.subarray(0, this.#out.at));
    this.#out.at = 0;
    return bytes;
  }

  #data(chunk: Buffer): void {
    if (this.#gone) return;
    try {
      for (const message of this.#deframer.push(chunk)) this.#received(message, this);
    } catch (error) {
      this.#failed(error);
      this.destroy();
    }
  }

  #closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const listener of this.#goneListeners.splice(0)) listener();
  }
}
