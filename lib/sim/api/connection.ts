// One client's connection to the API socket.
import type { Socket } from "node:net";
import type { MessageValue } from "../../binapi/index.js";
import { Deframer, frame } from "./framing.js";
import type { MessageTable } from "./message-table.js";
import type { ApiClient } from "./registry.js";

/** One client's connection. */
export class Connection implements ApiClient {
  readonly #deframer = new Deframer();
  readonly #goneListeners: (() => void)[] = [];
  name = "";
  #gone = false;
  readonly #socket: Socket;
  readonly #table: MessageTable;
  readonly #received: (message: Buffer, connection: Connection) => void;
  readonly #failed: (error: unknown) => void;

  /**
   * @param index the client index that VPP hands out
   * @param received called with each message, in order
   */
  constructor(
    socket: Socket,
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

  send(name: string, context: number, value: MessageValue): void {
    if (!this.#gone) this.#socket.write(this.#frame(name, context, value));
  }

  /** Sends half of a message and breaks the connection. */
  cut(name: string, context: number, value: MessageValue): void {
    const frame = this.#frame(name, context, value);
    this.#socket.write(frame.subarray(0, frame.length >> 1), () => this.destroy());
  }

  /** Closes the connection when everything written has been sent. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#closed();
  }

  /** Collects the answers until `uncork`, to send those to a burst of requests with one system call. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  #frame(name: string, context: number, value: MessageValue): Buffer {
    const message = this.#table.schema.message(name);
    const bytes = message.encode(value, { id: this.#table.sentId(name), clientIndex: this.index, context });
    return frame(bytes);
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
