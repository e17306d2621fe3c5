// Types of messages by their names. `Requests` and `Events` hold the messages that this package uses, and a file of
// `vpp-punt generate` adds to them. Any other name is allowed; its value is not checked before it is encoded.
import type { Events, Requests } from "./builtin-messages.js";
import type { MessageValue } from "./message.js";
import type { RequestOptions } from "./options.js";

/** A name that the editor proposes, or any other. */
export type RequestName = keyof Requests | (string & {});
export type EventName = keyof Events | (string & {});

export type RequestOf<N> = N extends keyof Requests ? Requests[N]["request"] : MessageValue;
export type ReplyOf<N> = N extends keyof Requests ? Part<Requests[N], "reply"> : MessageValue;
export type DetailsOf<N> = N extends keyof Requests ? Part<Requests[N], "details"> : MessageValue;
export type EventOf<E> = E extends keyof Events ? Events[E] : MessageValue;

type Part<Request, Name extends string> = Request extends { [name in Name]: infer Value } ? Value : never;

/** The arguments behind the name: options, and the value, which is optional if no field is required. */
export type Arguments<N> = [Record<never, never>] extends [RequestOf<N>]
  ? [value?: RequestOf<N>, options?: RequestOptions]
  : [value: RequestOf<N>, options?: RequestOptions];
