// Requests that wait for an answer.
import { PuntError } from "../errors.js";
import type { Reader } from "./cursor.js";
import { apiErrorName } from "./errno.js";
import { type Mend, mendOf } from "./mend.js";
import type { Message, MessageValue } from "./message.js";

/** A request that has been sent, or waits to be. */
export abstract class Pending {
  context = 0;
  /** With which the link can take the message back while it has not gone out. */
  mark = 0;
  /** Idle time that it is given, and the tick at which that is over. 0: for ever. */
  idleTicks = 0;
  expires = 0;
  /** Called when it is over, however it ends. */
  onSettled: (() => void) | undefined = undefined;

  constructor(readonly request: Message) {}

  /** A message with our context has come. True if nothing else is expected. */
  abstract receive(message: Message, reader: Reader): boolean;

  /** The request ends without what it asked for. */
  abstract fail(error: PuntError): void;

  /** VPP has answered what was sent behind this: everything that VPP has to say to it has been said. */
  abstract overtaken(): void;

  protected unexpected(message: Message): PuntError {
    const text = `VPP answered ${this.request.name} with ${message.name}`;
    return new PuntError("binapi.call", "ERR_UNEXPECTED_REPLY", text, {
      message: this.request.name,
      reply: message.name,
    });
  }
}

/** One request, one reply. */
export class Call extends Pending {
  readonly #reply: Message;
  readonly #resolve: (value: MessageValue) => void;
  readonly #reject: (error: PuntError) => void;

  constructor(
    request: Message,
    reply: Message,
    resolve: (value: MessageValue) => void,
    reject: (error: PuntError) => void,
  ) {
    super(request);
    this.#reply = reply;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  receive(message: Message, reader: Reader): boolean {
    if (message !== this.#reply) {
      this.#reject(this.unexpected(message));
      return true;
    }
    const value = message.read(reader);
    const { retval } = value;
    if (retval !== undefined && retval !== 0) this.#reject(apiError(this.request.name, retval as number, value));
    else this.#resolve(value);
    return true;
  }

  fail(error: PuntError): void {
    this.#reject(error);
  }

  overtaken(): void {
    const text = `VPP did not answer ${this.request.name}, but what was sent behind it: it refused the request`;
    this.#reject(new PuntError("binapi.call", "ERR_NO_REPLY", text, { message: this.request.name }));
  }
}

/** Takes the details of a dump. */
export interface DetailsSink {
  push(value: MessageValue): void;
  /** All have come. `reply`: what ended them, for a dump that has one (`*_get`). */
  end(reply: MessageValue | undefined): void;
  fail(error: PuntError): void;
}

/** One request, many details; ended by its reply, or by the answer to the ping behind it. */
export class Dump extends Pending {
  /** The ping that goes with it; kept from timing out while details come. */
  fence: Pending | undefined;
  readonly #mend: Mend | undefined;
  readonly #details: Message | undefined;
  readonly #reply: Message | undefined;
  readonly #sink: DetailsSink;

  constructor(request: Message, details: Message | undefined, reply: Message | undefined, sink: DetailsSink) {
    super(request);
    this.#details = details;
    this.#reply = reply;
    this.#sink = sink;
    this.#mend = details && mendOf(details.name);
  }

  receive(message: Message, reader: Reader): boolean {
    if (message === this.#reply) {
      this.#sink.end(message.read(reader));
      return true;
    }
    if (message !== this.#details) {
      this.#sink.fail(this.unexpected(message));
      return true;
    }
    if (this.fence !== undefined) this.fence.expires = this.expires;
    this.#mend?.(reader);
    this.#sink.push(message.read(reader));
    return false;
  }

  fail(error: PuntError): void {
    this.#sink.fail(error);
  }

  overtaken(): void {
    this.#sink.end(undefined);
  }
}

/** A control_ping sent behind a request: when it is answered, the request has been, or never will be. */
export class Fence extends Pending {
  readonly #onAnswer: () => void;

  constructor(request: Message, onAnswer: () => void) {
    super(request);
    this.#onAnswer = onAnswer;
  }

  receive(): boolean {
    this.#onAnswer();
    return true;
  }

  fail(): void {}

  overtaken(): void {}
}

/** The error for a retval that is not 0: its code is VPP's name, `VPP_INVALID_SW_IF_INDEX`. */
export function apiError(request: string, retval: number, reply: MessageValue): PuntError {
  const name = apiErrorName(retval);
  const code = name === undefined ? "VPP_ERROR" : `VPP_${name}`;
  const text = `${request}: VPP answered ${name ?? "with an error it has no name for"} (${retval})`;
  return new PuntError("binapi.call", code, text, { message: request, retval, reply });
}
