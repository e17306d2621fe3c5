// Types of messages by their names: the messages that this package uses, and those of a file of `vpp-punt generate`. Any other name is
// allowed; its value is not checked before it is encoded.
import type { BuiltinEvents, BuiltinRequests } from "./builtin-messages.js";
import type { MessageValue } from "./message.js";
import type { RequestOptions } from "./options.js";

/**
 * The requests of a file of `vpp-punt generate`. They take the place of built-in ones, whose fields may differ: the file may be of
 * another release.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the file adds to it
export interface Requests {}

/** The events of such a file. */
// biome-ignore lint/suspicious/noEmptyInterface: the file adds to it
export interface Events {}

/** The requests whose fields are checked. */
export type KnownRequests = Requests & Omit<BuiltinRequests, keyof Requests>;
/** The events whose fields are known. */
export type KnownEvents = Events & Omit<BuiltinEvents, keyof Events>;

/** A name that the editor proposes, or any other. */
export type RequestName = keyof KnownRequests | (string & {});
export type EventName = keyof KnownEvents | (string & {});

export type RequestOf<N> = N extends keyof KnownRequests ? KnownRequests[N]["request"] : MessageValue;
export type ReplyOf<N> = N extends keyof KnownRequests ? Part<KnownRequests[N], "reply"> : MessageValue;
export type DetailsOf<N> = N extends keyof KnownRequests ? Part<KnownRequests[N], "details"> : MessageValue;
export type EventOf<E> = E extends keyof KnownEvents ? KnownEvents[E] : MessageValue;

type Part<Request, Name extends string> = Request extends { [name in Name]: infer Value } ? Value : never;

/** The arguments behind the name: options, and the value, which is optional if no field is required. */
export type Arguments<N> = [Record<never, never>] extends [RequestOf<N>]
  ? [value?: RequestOf<N>, options?: RequestOptions]
  : [value: RequestOf<N>, options?: RequestOptions];
