// `vpp-punt sim`: the embedded VPP as a program, for clients in any language.
import { EmbeddedVpp, type EmbeddedVppOptions } from "../../sim/index.js";
import { interrupted } from "../ending/index.js";
import { json, print, printError } from "../output/index.js";
import { definedOnly } from "../punts/index.js";

interface Options {
  readonly directory?: string;
  readonly release?: string;
  readonly interface: string[];
  readonly exec: string[];
  readonly without: string[];
  readonly host: "emulated" | "linux";
  readonly json?: boolean;
}

export async function run({
  interface: interfaces,
  without,
  json: asJson,
  exec,
  host,
  ...others
}: Options): Promise<void> {
  const { directory, release } = others;
  // As on a router in use. A command of the user's can take one down.
  const up = interfaces.map((name) => `set interface state ${name} up`);
  const options = { exec: [...up, ...exec], host, interfaces, withoutPlugins: without };
  const ended = interrupted();
  const vpp = await EmbeddedVpp.start({ ...options, ...definedOnly({ directory, release }) } as EmbeddedVppOptions);
  try {
    // VPP's command line answers a line with a mistake. The log has that, and no user looks there.
    for (const line of await vpp.log()) if (line.startsWith("exec: ") && !line.endsWith(": ")) printError(line);
    const { apiSocket, puntSocket } = vpp;
    print(asJson ? json({ apiSocket, puntSocket }) : `API socket:  ${apiSocket}\npunt socket: ${puntSocket}`);
    await ended;
  } finally {
    await vpp.close();
  }
}
