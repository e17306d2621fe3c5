// `vpp-punt list`: the punts and their states.
import { interrupted } from "../ending/index.js";
import { isOutputLost, jsonLine, print } from "../output/index.js";
import { look, type ManagedOptions, type Opened, statusText, withPunts } from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly cnf?: string;
  readonly watch?: boolean;
  readonly timeout: number;
}

export async function run(options: Options): Promise<void> {
  await withPunts(options, { readOnly: true }, async (opened) => {
    const { cnf, output, timeout, watch } = options;
    const text = async () => statusText(await look(opened, timeout, cnf), output);
    if (!watch) return print(await text());
    await follow(opened, options);
  });
}

/** How often a list that is watched looks whether it has changed. */
const LOOK_MS = 1_000;

/** Prints the list again whenever it differs, until interrupted or without a reader; with `-o json`, one line for each list. */
async function follow(opened: Opened, { cnf, output, timeout }: Options): Promise<void> {
  let ended = false;
  const end = interrupted().then(() => {
    ended = true;
  });
  let last = "";
  while (!ended && !isOutputLost()) {
    const found = await look(opened, timeout, cnf);
    const text = output === "json" ? jsonLine({ punts: found }) : statusText(found, output);
    if (text !== last) print(last === "" || output === "json" ? text : `\n${text}`);
    last = text;
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
  }
}
