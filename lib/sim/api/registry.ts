// Handlers of messages by name.
import type { MessageValue } from "../../binapi/index.js";

/** A connected client, as handlers see it. */
export interface ApiClient {
  /** The index that VPP hands out, with bit 31 set. */
  readonly index: number;
  /** The name that the client gave; "" before. */
  name: string;
  /** Sends an event. Does nothing when the client is gone. */
  event(name: string, value: MessageValue): void;
  /** Calls `listener` once, when the client is gone. */
  onGone(listener: () => void): void;
}

type MaybePromise<T> = T | Promise<T>;
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without anything to add returns nothing
type ReplyFields = MessageValue | void;

/** Carries a request out, and returns the fields of the reply that are not zero. @throws VnetError to refuse */
export type ReplyHandler<A> = (args: A, client: ApiClient) => MaybePromise<ReplyFields>;

/** Returns the details that answer a dump, in order. */
export type DumpHandler<A> = (args: A, client: ApiClient) => Iterable<MessageValue>;

/** The fields of the reply to a refused request that are neither `retval` nor zero. */
export type OnError<A> = MessageValue | ((args: A) => MessageValue);

export type Handler =
  | { kind: "reply"; handle: ReplyHandler<never>; onError: OnError<never> }
  /** A refused request gets no reply: VPP sends none for some. */
  | { kind: "silent-on-error"; handle: ReplyHandler<never> }
  | { kind: "dump"; handle: DumpHandler<never> }
  /** Answers with details and then a reply: `*_get` with a cursor. */
  | { kind: "get"; handle: DumpHandler<never>; reply: MessageValue };

/** The handlers of requests, by the message's name. */
export class ApiRegistry {
  readonly #handlers = new Map<string, Handler>();

  reply<A>(name: string, handle: ReplyHandler<A>, onError: OnError<A> = {}): void {
    this.#handlers.set(name, {
      kind: "reply",
      handle: handle as ReplyHandler<never>,
      onError: onError as OnError<never>,
    });
  }

  silentOnError<A>(name: string, handle: ReplyHandler<A>): void {
    this.#handlers.set(name, { kind: "silent-on-error", handle: handle as ReplyHandler<never> });
  }

  dump<A>(name: string, handle: DumpHandler<A>): void {
    this.#handlers.set(name, { kind: "dump", handle: handle as DumpHandler<never> });
  }

  get<A>(name: string, handle: DumpHandler<A>, reply: MessageValue): void {
    this.#handlers.set(name, { kind: "get", handle: handle as DumpHandler<never>, reply });
  }

  find(name: string): Handler | undefined {
    return this.#handlers.get(name);
  }

  names(): string[] {
    return [...this.#handlers.keys()];
  }
}
