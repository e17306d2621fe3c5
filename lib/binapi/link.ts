// One connection in the format of VPP's API socket: it registers a client, sends and receives frames, and unregisters the client.
import { getSystemErrorName } from "node:util";
import { PuntError } from "../errors.js";
import { lazily } from "../lazily.js";
import { type Reader, Writer } from "./cursor.js";
import { FRAME_HEADER, writeFrameHeader } from "./frame.js";
import { InQueue } from "./in-queue.js";
import { OutQueue } from "./out-queue.js";
import { Schema } from "./schema.js";
import type { Link, LinkHandler } from "./transport.js";

/** VPP gives these two messages fixed ids. The reply lists the ids of all others. */
const SOCKCLNT_CREATE_ID = 15;
const SOCKCLNT_CREATE_REPLY_ID = 16;
const EAGAIN = -11;
/** Longest message that is accepted. VPP's largest is its answer to get_api_json: about 4 MB. */
const LARGEST_MESSAGE = 256 << 20;
/** Bytes that a link receives in one turn of the event loop. */
const TURN_BYTES = 1 << 18;
/**
 * How often a link polls its socket, once in a turn of the event loop, before it sleeps. VPP answers within about 10 us, and a
 * wake-up costs both sides as much.
 */
const LOOKS = 8;
/** From this many bytes on, a link sends at once instead of at the end of the turn, so that VPP can start. */
const SEND_AT = 1 << 14;
/** Milliseconds that VPP has to answer sockclnt_delete. */
const FAREWELL_MS = 500;

/** A stream socket that never blocks. Results below 0 are errno numbers of Linux. */
export interface StreamSocket {
  /** Whether the socket calls `onReady` for all bytes that arrive, without being watched: a poll finds no others. */
  readonly tellsAll?: boolean;
  /** Reads into `start`..`end` of `into`. Returns the number of bytes; 0 at the end of the stream. */
  read(into: Uint8Array, start: number, end: number): number;
  /** Writes `start`..`end` of `from`. Returns the number of bytes that the socket took. */
  write(from: Uint8Array, start: number, end: number): number;
  /** Sets whether the socket calls `onReady` for bytes to read, as it does at first, and for room to write. */
  watch(bytes: boolean, room: boolean): void;
  close(): void;
}

export type OpenSocket = (onReady: (writable: boolean, broken: boolean) => void) => StreamSocket;

/** The parts of a link. */
export interface LinkParts {
  readonly endpoint: string;
  /** The client's name at VPP. */
  readonly name: string;
  readonly open: OpenSocket;
  /** Returns the reason why the stream has ended, if the transport knows it. */
  readonly lost: () => PuntError | undefined;
  /** See `Link.idsOf`. */
  readonly idsOf?: (keys: readonly string[]) => Iterable<[string, number]>;
}

/** Opens a stream in the format of VPP's API socket, and registers as a client. */
export function connectLink(
  parts: LinkParts,
  handler: LinkHandler,
  credit: number,
  signal: AbortSignal,
): Promise<Link> {
  return new Promise((resolve, reject) => {
    const link = new SocketLink(parts, credit, (error) => settle(() => reject(error)));
    const onAbort = () => link.fail(givenUp(parts.endpoint, signal.reason));
    signal.addEventListener("abort", onAbort);
    const settle = (done: () => void) => {
      signal.removeEventListener("abort", onAbort);
      done();
    };
    if (signal.aborted) return onAbort();
    link.register(parts.name, handler, () => settle(() => resolve(link)));
  });
}

/** Returns the error of an attempt that was aborted. `late`: what it waited for, if its time was over. */
export function givenUp(endpoint: string, reason: unknown, late = "VPP does not answer"): PuntError {
  const isTimeout = (reason as Error | undefined)?.name === "TimeoutError";
  const [code, text] = isTimeout ? ["ERR_TIMEOUT", late] : ["ERR_ABORTED", "given up"];
  return new PuntError("binapi.connect", code!, `${endpoint}: ${text}`, {}, reason);
}

/** The messages of a client's registration. The built-in definitions are parsed when the first client connects. */
const registration = lazily(() => {
  const messages = Schema.builtin();
  return {
    create: messages.message("sockclnt_create"),
    createReply: messages.message("sockclnt_create_reply"),
    delete: messages.message("sockclnt_delete"),
    deleteReply: messages.message("sockclnt_delete_reply"),
  };
});

class SocketLink implements Link {
  clientIndex = 0;
  readonly table = new Map<string, number>();

  readonly #socket: StreamSocket;
  readonly #incoming = new InQueue({
    shortest: 2,
    longest: LARGEST_MESSAGE,
    op: "binapi.receive",
    sender: "VPP",
  });
  readonly #out: OutQueue;
  #onMessage: (reader: Reader) => void = () => {};
  #onClosed: (error: PuntError) => void;
  #open = true;
  #flushing = false;
  #blocked = false;
  /** Whether the event loop waits for bytes. A socket that it waits for costs VPP 15 % more for each message. */
  #waits = true;
  /** Whether a request has been answered since the last read. */
  #answered = false;
  readonly #flushSoon = () => this.#flush();
  /** Number of polls before the link sleeps. */
  #looks = 0;
  #looking = false;
  /** Settles when the socket is closed. */
  #left: Promise<void> = Promise.resolve();
  #onFarewell: (() => void) | undefined;

  readonly idsOf?: (keys: readonly string[]) => Iterable<[string, number]>;
  readonly #parts: LinkParts;

  constructor(parts: LinkParts, credit: number, onFailure: (error: PuntError) => void) {
    this.#parts = parts;
    this.#onClosed = onFailure;
    this.#out = new OutQueue(new Writer(1 << 15), credit + 1); // one for sockclnt_create
    this.#socket = parts.open((writable, broken) => this.#ready(writable, broken));
    if (parts.idsOf !== undefined) this.idsOf = parts.idsOf;
  }

  /** Registers with VPP. After VPP's answer, messages go to `handler`. */
  register(name: string, handler: LinkHandler, onRegistered: () => void): void {
    this.#onMessage = (reader) => {
      this.#registered(reader);
      this.#onMessage = (message) => handler.message(message);
      this.#onClosed = (error) => handler.closed(error);
      onRegistered();
    };
    registration().create.write(this.begin(), SOCKCLNT_CREATE_ID, 0, 0, { name });
    this.commit();
  }

  #registered(reader: Reader): void {
    const id = reader.view.getUint16(reader.at);
    if (id !== SOCKCLNT_CREATE_REPLY_ID)
      throw badHandshake(`VPP answered with message ${id} instead of sockclnt_create_reply`);
    const { response, index, message_table } = registration().createReply.read(reader) as unknown as CreateReply;
    if (response !== 0) throw badHandshake(`VPP refused the client: response ${response}`);
    this.clientIndex = index;
    for (const entry of message_table) this.table.set(entry.name, entry.index);
  }

  begin(): Writer {
    this.#out.begin();
    const { writer } = this.#out;
    writer.skip(FRAME_HEADER);
    return writer;
  }

  commit(): number {
    const { writer } = this.#out;
    const start = this.#out.startInBuffer();
    writeFrameHeader(writer.view, start, writer.at - start - FRAME_HEADER);
    const mark = this.#out.commit();
    this.#send();
    return mark;
  }

  rollback(): void {
    this.#out.rollback();
  }

  withdraw(mark: number): boolean {
    return this.#out.withdraw(mark);
  }

  addCredit(count: number): void {
    this.#answered = true;
    this.#out.addCredit(count);
    this.#send();
  }

  /** Sends all messages that were committed in one turn of the event loop at its end, in one piece. */
  #send(): void {
    const size = this.#out.sendable();
    if (size === 0 || this.#blocked) return;
    if (size >= SEND_AT) this.#flush();
    else if (!this.#flushing) {
      this.#flushing = true;
      process.nextTick(this.#flushSoon);
    }
  }

  #flush(): void {
    this.#flushing = false;
    while (this.#open && !this.#blocked && this.#out.sendable() > 0) {
      const start = this.#out.sendStart();
      const size = this.#socket.write(this.#out.writer.bytes, start, start + this.#out.sendable());
      if (size > 0) this.#sent(size);
      else if (size === EAGAIN) this.#watch(this.#waits, true);
      else return; // The peer is gone. A read finds VPP's last messages, then the end.
    }
  }

  #sent(size: number): void {
    this.#out.advance(size);
    this.#looks = LOOKS;
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#looking || this.#socket.tellsAll) return;
    if (this.#looks === 0) {
      this.#watch(true, this.#blocked);
      return;
    }
    this.#looking = true;
    setImmediate(() => {
      this.#looking = false;
      this.#looks--;
      if (this.#open) this.#ready(false, false);
    });
  }

  #watch(waits: boolean, blocked: boolean): void {
    if (waits === this.#waits && blocked === this.#blocked) return;
    this.#waits = waits;
    if (blocked !== this.#blocked) this.#out.hold(blocked);
    this.#blocked = blocked;
    this.#socket.watch(waits, blocked);
  }

  #ready(writable: boolean, broken: boolean): void {
    if (writable && this.#blocked) {
      this.#watch(this.#waits, false);
      this.#flush();
    }
    try {
      if (this.#onFarewell !== undefined) this.#receiveFarewell(this.#onFarewell, broken);
      else this.#receive(broken);
    } catch (error) {
      if (!(error instanceof PuntError)) throw error;
      this.fail(error);
    }
  }

  /**
   * Reads until VPP has answered a request, so that its caller continues, or until the socket is empty. VPP sends the details of a
   * dump one by one, every 1 to 3 us. A poll for the next costs 0.3 us, and a turn of the event loop more. From the first details
   * on, the link looks for the next itself, and the event loop waits for them only after a pause.
   *
   * `broken`: this is the last call. The socket holds VPP's last messages, then the end of the stream.
   */
  #receive(broken: boolean): void {
    const incoming = this.#incoming;
    let budget = TURN_BYTES;
    this.#answered = false;
    while (this.#open && (budget > 0 || broken)) {
      const size = this.#socket.read(incoming.bytes, incoming.fillStart, incoming.fillEnd);
      if (size === EAGAIN && !broken) {
        if (budget < TURN_BYTES) this.#watch(false, this.#blocked);
        this.#lookSoon();
        return;
      }
      if (size <= 0) {
        this.fail(this.#lost(size));
        return;
      }
      incoming.fill(size);
      this.#looks = LOOKS;
      for (let reader = incoming.next(); reader !== undefined && this.#open; reader = incoming.next())
        this.#onMessage(reader);
      if (this.#answered && !broken) break;
      budget -= size;
    }
    if (this.#open && !this.#waits) this.#lookSoon();
  }

  #lost(result: number): PuntError {
    const known = this.#parts.lost();
    if (known !== undefined) return known;
    const { endpoint: path } = this.#parts;
    const why = result === 0 ? "VPP closed it" : getSystemErrorName(result);
    return new PuntError("binapi.connection", "ERR_DISCONNECTED", `${path}: the connection was lost: ${why}`, { path });
  }

  /** Ends the link because of `error`. */
  fail(error: PuntError): void {
    this.#onFarewell?.();
    if (!this.#open) return;
    this.#shut();
    this.#onClosed(error);
  }

  close(): Promise<void> {
    if (!this.#open) return this.#left;
    const id = this.table.get(registration().delete.key);
    if (id !== undefined && this.#sayGoodbye(id)) this.#left = this.#awaitFarewell();
    else this.#shut();
    return this.#left;
  }

  /**
   * Sends sockclnt_delete. Without it VPP keeps the client's registration until it notices the closed socket. Returns whether the
   * socket took all of it.
   */
  #sayGoodbye(id: number): boolean {
    this.#out.dropWaiting();
    this.#out.addCredit(1);
    registration().delete.write(this.begin(), id, this.clientIndex, 0, { index: this.clientIndex });
    this.commit();
    this.#flush();
    return this.#out.sendable() === 0;
  }

  /**
   * Waits for VPP's answer to sockclnt_delete, or for the end of the stream. A VPP that can't write the answer may crash, because it
   * removes the client twice (22.10, socket_api.c).
   */
  #awaitFarewell(): Promise<void> {
    this.#open = false;
    this.#watch(true, this.#blocked);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#onFarewell?.(), FAREWELL_MS);
      this.#onFarewell = () => {
        clearTimeout(timer);
        this.#onFarewell = undefined;
        this.#socket.close();
        resolve();
      };
    });
  }

  /** Looks for VPP's answer to sockclnt_delete, and ignores all other messages. */
  #receiveFarewell(onFarewell: () => void, broken: boolean): void {
    const incoming = this.#incoming;
    const answer = this.table.get(registration().deleteReply.key);
    let isOver = broken;
    while (!isOver) {
      const size = this.#socket.read(incoming.bytes, incoming.fillStart, incoming.fillEnd);
      if (size === EAGAIN) return;
      isOver = size <= 0;
      if (!isOver) incoming.fill(size);
      for (let reader = incoming.next(); reader !== undefined; reader = incoming.next())
        isOver ||= reader.view.getUint16(reader.at) === answer;
    }
    onFarewell();
  }

  #shut(): void {
    this.#open = false;
    this.#socket.close();
  }
}

interface CreateReply {
  response: number;
  index: number;
  message_table: { index: number; name: string }[];
}

function badHandshake(problem: string): PuntError {
  return new PuntError("binapi.connect", "ERR_BAD_HANDSHAKE", problem);
}
