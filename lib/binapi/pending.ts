// Requests that wait for an answer.
import { PuntError } from "../errors.js";
import type { Reader } from "./cursor.js";
import { apiErrorName } from "./errno.js";
import { type Mend, mendOf } from "./mend.js";
import type { Message, MessageValue } from "./message.js";

/** A request that has been sent, or waits to be. */
export abstract class Pending {
  context = 0;
  /** The link's mark of the message, to withdraw it while it waits for credit. */
  mark = 0;
  /** Allowed idle time, and the tick at which it ends. 0: no limit. */
  idleTicks = 0;
  expires = 0;
  /** The ping behind the request, which does not time out while details come. */
  fence: Pending | undefined = undefined;
  /** Called once when the request ends, with or without success. */
  onSettled: (() => void) | undefined = undefined;

  constructor(readonly request: Message) {}

  /** Takes a message with the request's context. Returns true if it is the last. */
  abstract receive(message: Message, reader: Reader): boolean;

  /** Ends the request with an error, which is made where V8 knows who waits for it. */
  abstract fail(reason: () => PuntError): void;

  /** Ends the request with an error that others may have too. */
  end(error: PuntError): void {
    this.fail(() => error);
  }

  /** Notes that VPP has answered a request behind this one, so that no more answers to this one follow. */
  abstract overtaken(): void;

  protected unexpected(message: Message): PuntError {
    const text = `VPP answered ${this.request.name} with ${message.name}`;
    return new PuntError("binapi.call", "ERR_UNEXPECTED_REPLY", text, {
      message: this.request.name,
      reply: message.name,
    });
  }
}

/** Rejects a promise with an error whose stack names the functions that wait for it: V8 finds them when an asynchronous function ends. */
export function rejectFor<T>(
  resolve: (value: T) => void,
  reject: (error: PuntError) => void,
  reason: () => PuntError,
): void {
  void failed(reason).then(resolve, reject);
}

async function failed(reason: () => PuntError): Promise<never> {
  await undefined;
  throw reason();
}

/** A request with one reply. */
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
      this.fail(() => this.unexpected(message));
      return true;
    }
    const value = message.read(reader);
    const { retval } = value;
    if (retval !== undefined && retval !== 0) this.fail(() => apiError(this.request.name, retval as number, value));
    else this.#resolve(value);
    return true;
  }

  fail(reason: () => PuntError): void {
    rejectFor(this.#resolve, this.#reject, reason);
  }

  override end(error: PuntError): void {
    this.#reject(error);
  }

  overtaken(): void {
    const text = `VPP did not answer ${this.request.name}, but what was sent behind it: it refused the request`;
    this.fail(() => new PuntError("binapi.call", "ERR_NO_REPLY", text, { message: this.request.name }));
  }
}

/** Receives the details of a dump. */
export interface DetailsSink {
  push(value: MessageValue): void;
  /** Ends the details. `reply` is the message that ended them, if the dump has one (`*_get`). */
  end(reply: MessageValue | undefined): void;
  fail(reason: () => PuntError): void;
}

/** A request with many details. Its reply ends them, or the answer to the ping behind it. */
export class Dump extends Pending {
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
      this.#endWith(message.read(reader));
      return true;
    }
    if (message !== this.#details) {
      this.#sink.fail(() => this.unexpected(message));
      return true;
    }
    this.#mend?.(reader);
    this.#sink.push(message.read(reader));
    return false;
  }

  /** Ends the details once the request has left its place in the queue: the dump's next request takes it. */
  #endWith(reply: MessageValue): void {
    const settled = this.onSettled;
    this.onSettled = () => {
      settled?.();
      this.#sink.end(reply);
    };
  }

  fail(reason: () => PuntError): void {
    this.#sink.fail(reason);
  }

  overtaken(): void {
    this.#sink.end(undefined);
  }
}

/** A control_ping behind a request. When VPP answers it, VPP has answered the request, or never will. */
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

/** Returns the error for a retval other than 0. Its code is VPP_ and VPP's name, such as VPP_INVALID_SW_IF_INDEX. */
export function apiError(request: string, retval: number, reply: MessageValue): PuntError {
  const name = apiErrorName(retval);
  const code = name === undefined ? "VPP_ERROR" : `VPP_${name}`;
  const text = `${request}: VPP answered ${name ?? "with an error it has no name for"} (${retval})`;
  return new PuntError("binapi.call", code, text, { message: request, retval, reply });
}
