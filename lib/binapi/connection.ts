// The requests on one connection, from its start to its end.
import { messageOf, PuntError } from "../errors.js";
import { AbortListeners } from "./abort-listeners.js";
import type { Reader } from "./cursor.js";
import type { Message, MessageValue } from "./message.js";
import { checkRequest, type RequestOptions } from "./options.js";
import { Call, type DetailsSink, Dump, Fence, type Pending } from "./pending.js";
import { RequestTable } from "./request-table.js";
import type { Outgoing, Resolver } from "./resolver.js";
import type { Trace } from "./trace.js";
import type { Link, LinkHandler } from "./transport.js";

/** Resolution of timeouts in milliseconds. */
const TICK_MS = 25;

export interface ConnectionOptions {
  /** Most requests that wait for an answer, sent or not. */
  queueLimit: number;
  trace: Trace | undefined;
  /** Reports whether a subscription wants messages `name`, which answer no request. The connection decodes no others. */
  wantsEvent: (name: string) => boolean;
  onEvent: (name: string, value: MessageValue) => void;
  /** Called for an event that can't be decoded. */
  onBadEvent: (name: string, error: PuntError) => void;
  /** Called when the connection is lost, after all waiting requests have rejected. */
  onClosed: (error: PuntError) => void;
}

/** The requests on one connection, from its start to its end. */
export class Connection implements LinkHandler {
  #link: Link | undefined;
  #resolver: Resolver | undefined;
  readonly #requests: RequestTable;
  readonly #aborts = new AbortListeners();
  readonly #trace: Trace | undefined;
  /** The first reason for the connection's end; undefined before. */
  ended: PuntError | undefined;
  /** Whether a request is being encoded, at the end of the link's queue: a getter in its value may call the client. */
  #isEncoding = false;
  /** Credit of canceled requests that the link does not have back yet. */
  #owed = 0;
  #tick = 0;
  #ticker: NodeJS.Timeout | undefined;
  readonly #options: ConnectionOptions;
  readonly #defaultTimeout: number;

  constructor(options: ConnectionOptions, defaultTimeout: number) {
    this.#options = options;
    this.#defaultTimeout = defaultTimeout;
    this.#requests = new RequestTable(options.queueLimit);
    this.#trace = options.trace;
  }

  /** Starts the connection. Call it once, before any other method. */
  start(link: Link, resolver: Resolver): void {
    this.#link = link;
    this.#resolver = resolver;
  }

  get messages(): Resolver {
    return this.#resolver!;
  }

  /** The number of requests that wait for an answer. */
  get waiting(): number {
    return this.#requests.size;
  }

  call(name: string, value: MessageValue, options: RequestOptions | undefined): Promise<MessageValue> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#resolver!.outgoing(name);
      const { message, reply } = outgoing;
      if (reply === undefined || message.service!.stream) throw notACall(outgoing);
      this.#requests.checkRoom(name, options?.fenced ? 2 : 1);
      const call = new Call(message, reply, resolve, reject);
      this.#send(outgoing, value, call, options);
      if (options?.fenced) this.#sendFence(call);
    });
  }

  /** Sends a dump. Its details go to `sink`. */
  dump(name: string, value: MessageValue, sink: DetailsSink, options: RequestOptions | undefined): Dump {
    const outgoing = this.#resolver!.outgoing(name);
    const { message, reply } = outgoing;
    if (!message.service?.stream) throw notADump(outgoing);
    const { streamMessage } = message.service;
    const details = streamMessage === undefined ? reply : this.#resolver!.find(streamMessage);
    const ownReply = details === reply ? undefined : reply;
    this.#requests.checkRoom(name, ownReply === undefined ? 2 : 1);
    const dump = new Dump(message, details, ownReply, sink);
    this.#send(outgoing, value, dump, options);
    if (ownReply === undefined) dump.fence = this.#sendFence(dump);
    return dump;
  }

  #send({ message, id }: Outgoing, value: MessageValue, pending: Pending, options: RequestOptions | undefined): void {
    if (this.ended !== undefined) throw this.ended;
    if (this.#isEncoding) throw sentByValue(message);
    if (options !== undefined) checkRequest(message.name, options);
    if (options?.signal !== undefined) this.#abortWith(options.signal, pending);
    const link = this.#link!;
    this.#requests.add(pending);
    const writer = link.begin();
    this.#isEncoding = true;
    try {
      message.write(writer, id, link.clientIndex, pending.context, value);
    } catch (error) {
      link.rollback();
      this.#requests.remove(pending);
      pending.onSettled?.();
      throw error;
    } finally {
      this.#isEncoding = false;
    }
    pending.mark = link.commit();
    this.#trace?.sent(message.name, pending.context, value);
    const timeout = options?.timeout ?? this.#defaultTimeout;
    if (timeout > 0) this.#startTimer(pending, timeout);
  }

  #sendFence(guarded: Pending): Fence {
    const ping = this.#resolver!.outgoing("control_ping");
    const fence = new Fence(ping.message, () => {
      if (this.#remove(guarded)) guarded.overtaken();
    });
    this.#send(ping, {}, fence, { timeout: guarded.idleTicks * TICK_MS });
    return fence;
  }

  #abortWith(signal: AbortSignal, pending: Pending): void {
    if (signal.aborted) throw aborted(pending, signal);
    pending.onSettled = this.#aborts.add(signal, () => this.giveUp(pending, () => aborted(pending, signal)));
  }

  /** Cancels a request. The connection ignores a late answer. */
  giveUp(pending: Pending, reason: () => PuntError): void {
    const known = this.#requests.find(pending.context) === pending;
    if (!known) return;
    const withdrawn = !this.#isEncoding && this.#link!.withdraw(pending.mark);
    this.#requests.remove(pending);
    pending.onSettled?.();
    if (!withdrawn) this.#returnCredit();
    pending.fail(reason);
  }

  /** Returns the credit of a canceled request once all that end together have ended: its place is not for one of them that still waits. */
  #returnCredit(): void {
    if (this.#owed++ > 0) return;
    process.nextTick(() => {
      const count = this.#owed;
      this.#owed = 0;
      if (this.ended === undefined) this.#link!.addCredit(count);
    });
  }

  message(reader: Reader): void {
    const start = reader.at;
    const message = this.#resolver!.incoming(reader.view.getUint16(start));
    if (message === undefined) return;
    if (this.#trace !== undefined) this.#trace.received(message, reader);
    const { contextOffset } = message;
    const pending = contextOffset < 0 ? undefined : this.#pendingAt(reader, start + contextOffset);
    if (pending === undefined) this.#event(message, reader);
    else this.#answer(pending, message, reader);
  }

  #pendingAt(reader: Reader, at: number): Pending | undefined {
    return at + 4 > reader.end ? undefined : this.#requests.find(reader.view.getUint32(at));
  }

  #event(message: Message, reader: Reader): void {
    const { name } = message;
    if (!this.#options.wantsEvent(name)) return;
    let value: MessageValue;
    try {
      value = message.read(reader);
    } catch (error) {
      if (!(error instanceof PuntError)) throw error;
      this.#options.onBadEvent(name, error);
      return;
    }
    this.#options.onEvent(name, value);
  }

  #answer(pending: Pending, message: Message, reader: Reader): void {
    let done = true;
    try {
      done = pending.receive(message, reader);
    } catch (error) {
      if (!(error instanceof PuntError)) throw error;
      pending.fail(() => error);
    }
    if (done) this.#remove(pending);
    else this.#renewTimer(pending);
  }

  /** More answers follow: the time of the request starts again, and that of the ping behind it. */
  #renewTimer(pending: Pending): void {
    pending.expires = this.#tick + pending.idleTicks;
    const { fence } = pending;
    if (fence !== undefined) fence.expires = this.#tick + fence.idleTicks;
  }

  /** Removes an answered request, so that the next can be sent. Returns false if it was removed before. */
  #remove(pending: Pending): boolean {
    if (!this.#requests.remove(pending)) return false;
    pending.onSettled?.();
    this.#link!.addCredit(1);
    return true;
  }

  #startTimer(pending: Pending, timeout: number): void {
    pending.idleTicks = Math.ceil(timeout / TICK_MS) + 1;
    pending.expires = this.#tick + pending.idleTicks;
    this.#ticker ??= setInterval(() => this.#onTick(), TICK_MS);
  }

  /** Counts ticks, not time: after a blocked event loop, requests whose answers have arrived do not time out. */
  #onTick(): void {
    this.#tick++;
    if (this.#requests.size === 0) this.#stopTicker();
    for (const pending of this.#requests.all()) {
      if (pending.idleTicks === 0 || pending.expires > this.#tick) continue;
      this.giveUp(pending, () => timedOut(pending));
    }
  }

  #stopTicker(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  /** Ends the connection after the link was lost. */
  closed(error: PuntError): void {
    this.#end(error);
    this.#options.onClosed(error);
  }

  /** Closes the connection when `signal` aborts. */
  closeOn(signal: AbortSignal, reasonOf: () => PuntError): void {
    const onAbort = () => void this.close(reasonOf());
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  }

  /** Closes the connection. Waiting requests reject with `error`. */
  async close(error: PuntError): Promise<void> {
    const closed = this.#link?.close();
    this.#end(error);
    await closed;
  }

  #end(error: PuntError): void {
    this.ended ??= error;
    this.#stopTicker();
    // Errors of their own would take 10,000 requests 60 ms.
    const ends = new Map<string, PuntError>();
    for (const pending of this.#requests.all()) {
      this.#requests.remove(pending);
      pending.onSettled?.();
      const { name } = pending.request;
      const end = ends.get(name) ?? endOf(name, error);
      ends.set(name, end);
      pending.end(end);
    }
  }
}

/** Returns the end of a connection as that of the requests of a message. */
function endOf(name: string, error: PuntError): PuntError {
  const { op, code, details } = error;
  return new PuntError(op, code, `${name}: ${messageOf(error)}`, { ...details, message: name }, error);
}

function sentByValue({ name }: Message): PuntError {
  const text = `${name}: the value of another request sends it while that one is encoded`;
  return new PuntError("binapi.call", "ERR_INVALID_VALUE", text, { message: name });
}

function notACall({ message }: Outgoing): PuntError {
  const text = message.service?.stream
    ? `${message.name} has many answers: use dump()`
    : `${message.name} is not a request that VPP answers`;
  return new PuntError("binapi.call", "ERR_NOT_A_CALL", text, { message: message.name });
}

function notADump({ message }: Outgoing): PuntError {
  const text = message.service === undefined ? "is not a request that VPP answers" : "has one answer: use call()";
  return new PuntError("binapi.dump", "ERR_NOT_A_DUMP", `${message.name} ${text}`, { message: message.name });
}

function aborted(pending: Pending, signal: AbortSignal): PuntError {
  const { name } = pending.request;
  return new PuntError("binapi.call", "ERR_ABORTED", `${name}: aborted`, { message: name }, signal.reason);
}

function timedOut(pending: Pending): PuntError {
  const { name } = pending.request;
  const ms = (pending.idleTicks - 1) * TICK_MS;
  return new PuntError("binapi.call", "ERR_TIMEOUT", `${name}: no answer from VPP for ${ms} ms`, {
    message: name,
    timeout: ms,
  });
}
