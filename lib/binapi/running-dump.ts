// A dump of several requests: VPP answers each with a cursor for the next.
import { PuntError } from "../errors.js";
import type { Connection } from "./connection.js";
import { VNET_ERRORS } from "./errno.js";
import type { MessageValue } from "./message.js";
import type { RequestOptions } from "./options.js";
import { apiError, type DetailsSink, type Dump } from "./pending.js";

/** A dump that sends requests until VPP returns no more cursor. */
export class RunningDump {
  #current: Dump | undefined;
  readonly #connection: Connection;
  readonly #name: string;
  readonly #sink: DetailsSink;
  readonly #options: RequestOptions | undefined;

  constructor(connection: Connection, name: string, sink: DetailsSink, options: RequestOptions | undefined) {
    this.#connection = connection;
    this.#name = name;
    this.#sink = sink;
    this.#options = options;
  }

  start(value: MessageValue): void {
    const { message } = this.#connection.messages.outgoing(this.#name);
    const hasCursor = message.hasField("cursor") && value.cursor === undefined;
    this.#page(hasCursor ? { ...value, cursor: 0 } : value);
  }

  #page(value: MessageValue): void {
    const sink = this.#sink;
    const page: DetailsSink = {
      push: (details) => sink.push(details),
      fail: (reason) => sink.fail(reason),
      end: (reply) => this.#pageEnded(value, reply),
    };
    this.#current = this.#connection.dump(this.#name, value, page, this.#options);
  }

  #pageEnded(value: MessageValue, reply: MessageValue | undefined): void {
    const retval = reply?.retval ?? 0;
    if (retval === 0) this.#sink.end(reply);
    else if (retval === VNET_ERRORS.EAGAIN && reply!.cursor !== undefined)
      this.#nextPage({ ...value, cursor: reply!.cursor });
    else this.#sink.fail(() => apiError(this.#name, retval as number, reply!));
  }

  #nextPage(value: MessageValue): void {
    try {
      this.#page(value);
    } catch (error) {
      this.#sink.fail(() => error as PuntError);
    }
  }

  giveUp(): void {
    const error = new PuntError("binapi.dump", "ERR_ABORTED", `${this.#name}: given up`);
    if (this.#current !== undefined) this.#connection.giveUp(this.#current, () => error);
  }
}
