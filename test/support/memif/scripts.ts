// Scripts that use memif ports in a process of their own.
import type { ExecutionContext } from "ava";
import { type Ended, moduleText, runNode } from "../machine/script.js";
import { engineOf } from "./ports.js";

const library = new URL("../../../lib/memif/index.js", import.meta.url).href;

/** A script with `Memif`, and with `serving` and `connecting`: the options that tests leave out. */
export function memifScript(body: string, socket: string): string {
  return `import { Memif } from ${JSON.stringify(library)};
const serving = ${JSON.stringify({ role: "server", engine: engineOf("server"), socket })};
const connecting = ${JSON.stringify({ role: "client", engine: engineOf("client"), socket })};
${body}`;
}

/** Runs such a script. */
export function runMemifScript(t: ExecutionContext, body: string, socket: string): Promise<Ended> {
  return runNode(t, ...moduleText(memifScript(body, socket)));
}

/** A script's server and client in one process, connected, before `body`. */
export const connected = (options: string, body: string) => `
const server = Memif.open({ ...serving, ${options} });
const client = Memif.open({ ...connecting, ${options} });
await Promise.all([server, client].map((port) => new Promise((up) => port.once("up", up))));
${body}`;
