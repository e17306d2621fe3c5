// `vpp-punt add`: asks for one punt.

import { PuntError } from "../../errors.js";
import { after, interrupted, interruption } from "../ending/index.js";
import { print } from "../output/index.js";
import { type ManagedOptions, requestOf, shownPunt, statusText, withPunts } from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly file?: string;
  readonly wait?: boolean;
  readonly timeout: number;
}

export async function run(text: string | undefined, options: Options): Promise<void> {
  const request = await requestOf(text, options.file);
  const { wait, timeout, output } = options;
  await withPunts(options, { readOnly: false }, async ({ punts, keeper, lost }) => {
    const stays = `the punt is stored; ${keeper} makes it, \`vpp-punt delete\` takes it back`;
    const added = punts.add(request, { ...(wait && { waitFor: "CREATED" as const }) });
    const first = await Promise.race([added, after(timeout), lost(5_000), interrupted()]);
    if (first === "late") throw new PuntError("punt.add", "ERR_NOT_READY", `not done within ${timeout} ms: ${stays}`);
    if (first === "lost") throw new PuntError("punt.add", "ERR_DISCONNECTED", `VPP went away: ${stays}`);
    if (typeof first === "string") throw interruption(first, stays);
    print(statusText([shownPunt(first)], output));
  });
}
