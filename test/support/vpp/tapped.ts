// A client's connection through a proxy that the test can listen on and break.
import type { Vpp } from "../../../lib/binapi/index.js";
import type { VppConnection } from "../../../lib/punt/index.js";

/** Fields of a message of any name. */
// biome-ignore lint/suspicious/noExplicitAny: tests take messages by names that they compute
export type Message = any;

export interface Tap {
  /** Hears each message before it is sent, those of dumps too. */
  hear?(name: string): void;
  /** Answers in VPP's place, which then does not get the message; undefined sends it. */
  answer?(name: string): Message | undefined;
  /** Changes VPP's answer. */
  change?(answer: Message): Message;
}

export function tapped(
  client: Vpp,
  { hear = () => {}, answer = () => undefined, change = (message) => message }: Tap,
): VppConnection {
  return {
    get isConnected() {
      return client.isConnected;
    },
    has: (name) => client.has(name),
    on: (event, listener) => client.on(event, listener),
    off: (event, listener) => client.off(event, listener),
    subscribe: (request, fields, event) => client.subscribe(request, fields, event),
    async call(name, ...rest) {
      hear(name);
      return answer(name) ?? change(await client.call(name, ...rest));
    },
    async dumpAll(name, ...rest) {
      hear(name);
      return change(await client.dumpAll(name, ...rest));
    },
  };
}

/** Whether a message changes VPP. */
export function changes(name: string): boolean {
  // Of the lines that the manager gives VPP, none changes it.
  return !/_dump$|_get(_|$)|^want_|^control_ping|^cli_inband$|^show_version$/.test(name);
}
