// The messages of one life of VPP, with their ids.
import type { Message, Schema } from "../../binapi/index.js";
import type { ApiRegistry } from "./registry.js";

/** Fixed ids: a client must know them before it has the table. */
const FIXED_IDS = new Map([
  ["sockclnt_create", 15],
  ["sockclnt_create_reply", 16],
  ["sockclnt_delete", 17],
  ["sockclnt_delete_reply", 18],
  ["get_first_msg_id", 10],
  ["get_first_msg_id_reply", 11],
]);
const FIRST_FREE_ID = 100;
const WRONG_IDS = new Map([["ip6nd_proxy_details", 10]]);

/** The plugin of a module of messages, if the names differ. */
const PLUGIN_OF_MODULE = new Map([
  ["lcp", "linux_cp"],
  ["tapv2", "tap"],
  ["vpe", "core"],
]);

function pluginOf(module: string): string {
  return PLUGIN_OF_MODULE.get(module) ?? module;
}

/** The messages of one life of VPP: each message of its release and plugins that has a handler, with its id. */
export class MessageTable {
  readonly #byId = new Map<number, Message>();
  readonly #ids = new Map<string, number>();

  /** @param firstId ids differ from VPP to VPP, and from start to start if the plugins differ */
  constructor(
    readonly schema: Schema,
    registry: ApiRegistry,
    withoutPlugins: ReadonlySet<string>,
    firstId = FIRST_FREE_ID,
  ) {
    let next = firstId;
    for (const name of messageNames(schema, registry)) {
      const message = schema.message(name);
      if (withoutPlugins.has(pluginOf(message.module))) continue;
      const id = FIXED_IDS.get(name) ?? next++;
      this.#byId.set(id, message);
      this.#ids.set(name, id);
    }
  }

  message(id: number): Message | undefined {
    return this.#byId.get(id);
  }

  /** Returns the id of a message; undefined if this VPP does not have the message. */
  id(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /** Returns the id that VPP sends a message with. It is wrong for `ip6nd_proxy_details` (26.06 does not add its module's base). */
  sentId(name: string): number {
    return WRONG_IDS.get(name) ?? this.#ids.get(name) ?? 0;
  }

  /** Returns the messages as `sockclnt_create_reply` lists them. */
  entries(): { index: number; name: string }[] {
    return [...this.#byId].map(([index, { key }]) => ({ index, name: key }));
  }

  /** Returns the lowest id of a module's messages. */
  firstIdOf(module: string): number | undefined {
    for (const [id, message] of this.#byId) if (message.module === module) return id;
    return undefined;
  }

  modules(): string[] {
    return [...new Set([...this.#byId.values()].map(({ module }) => module))];
  }

  has(name: string): boolean {
    return this.#ids.has(name);
  }
}

/** Returns the requests with a handler, and the messages that answer them, each once. */
function messageNames(schema: Schema, registry: ApiRegistry): Set<string> {
  const names = new Set<string>();
  for (const name of registry.names()) {
    const message = schema.find(name);
    if (message === undefined) continue;
    names.add(name);
    const { service } = message;
    const answers = [service?.reply ?? `${name}_reply`, service?.streamMessage, ...(service?.events ?? [])];
    for (const answer of answers) if (answer !== undefined && schema.has(answer)) names.add(answer);
  }
  return names;
}
