// What the compiler knows of a message by its name. `Requests` and `Events` have the messages this project uses; a file made by
// `vpp-punt generate` adds to them. Any other name is allowed, and its value unchecked until it is encoded.
import type { Events, Requests } from "./builtin-messages.js";
import type { MessageValue } from "./message.js";
import type { RequestOptions } from "./options.js";

/** Names the editor proposes, and any other. */
export type RequestName = keyof Requests | (string & {});
export type EventName = keyof Events | (string & {});

export type RequestOf<N> = N extends keyof Requests ? Requests[N]["request"] : MessageValue;
export type ReplyOf<N> = N extends keyof Requests ? Part<Requests[N], "reply"> : MessageValue;
export type DetailsOf<N> = N extends keyof Requests ? Part<Requests[N], "details"> : MessageValue;
export type EventOf<E> = E extends keyof Events ? Events[E] : MessageValue;

type Part<Request, Name extends string> = Request extends { [name in Name]: infer Value } ? Value : never;

/** Behind the name: the value, which may be left out where no field is required, and options. */
export type Arguments<N> = [Record<never, never>] extends [RequestOf<N>]
  ? [value?: RequestOf<N>, options?: RequestOptions]
  : [value: RequestOf<N>, options?: RequestOptions];
