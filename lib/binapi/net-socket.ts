// The API socket by node:net, for a process that could not load the addon.
import { connect, type Socket } from "node:net";
import { getSystemErrorMap, getSystemErrorName } from "node:util";
import { PuntError } from "../errors.js";
import type { StreamSocket } from "./link.js";

const EAGAIN = -11;
const EPIPE = -32;
/** Received bytes that wait before the socket stops reading. */
const PAUSE_AT = 1 << 20;

type OnReady = (writable: boolean, broken: boolean) => void;

/** A UNIX stream socket of Node's, with the interface of the addon's ApiSocket. */
export class NetSocket implements StreamSocket {
  readonly tellsAll = true;
  readonly #socket: Socket;
  readonly #path: string;
  readonly #onReady: OnReady;
  readonly #chunks: Buffer[] = [];
  #waiting = 0;
  #connected = false;
  /** Result of a read after the last byte: 0 or a negative errno number; undefined while the socket is open. */
  #end: number | undefined;
  #isOver = false;
  #scheduled = false;
  #closed = false;

  constructor(path: string, onReady: OnReady) {
    this.#path = path;
    this.#onReady = onReady;
    this.#socket = connect(path);
    this.#socket
      .on("connect", () => {
        this.#connected = true;
      })
      .on("data", (chunk) => this.#arrived(chunk))
      .on("drain", () => this.#ready(true))
      .on("error", (error: NodeJS.ErrnoException) => {
        this.#end = error.errno ?? EPIPE;
      })
      .on("close", () => {
        this.#end ??= 0;
        this.#isOver = true;
        this.#ready(false);
      });
  }

  /** Returns the reason why the socket did not connect; undefined if it did. */
  failure(): PuntError | undefined {
    if (this.#connected || this.#end === undefined || this.#end === 0) return undefined;
    const text = getSystemErrorMap().get(this.#end)?.[1] ?? "cannot connect";
    return new PuntError("binapi.connect", getSystemErrorName(this.#end), `${this.#path}: ${text}`);
  }

  #arrived(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting >= PAUSE_AT) this.#socket.pause();
    this.#ready(false);
  }

  #ready(writable: boolean): void {
    if (!this.#closed) this.#onReady(writable, this.#isOver);
    this.#readyAgain();
  }

  /** Calls `onReady` in the next turn if the link has left bytes, as the addon's socket does. */
  #readyAgain(): void {
    if (this.#scheduled || this.#closed || this.#waiting === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#waiting > 0) this.#ready(false);
    });
  }

  read(into: Uint8Array, start: number, end: number): number {
    const chunk = this.#chunks[0];
    if (chunk === undefined) return this.#end ?? EAGAIN;
    const size = Math.min(chunk.length, end - start);
    into.set(chunk.subarray(0, size), start);
    if (size === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(size);
    this.#waiting -= size;
    if (this.#waiting < PAUSE_AT && this.#socket.isPaused()) this.#socket.resume();
    return size;
  }

  write(from: Uint8Array, start: number, end: number): number {
    if (this.#end !== undefined) return EPIPE;
    if (this.#socket.writableNeedDrain) return EAGAIN;
    // A copy, which slice() of a Buffer is not: the caller uses its buffer again.
    this.#socket.write(Buffer.from(from.subarray(start, end)));
    return end - start;
  }

  /** Does nothing: Node reads without being asked, and reports room by "drain" after each write that found none. */
  watch(): void {}

  close(): void {
    this.#closed = true;
    this.#chunks.length = 0;
    this.#waiting = 0;
    // At once: a peer that reads nothing would hold the process.
    this.#socket.destroy();
  }
}
