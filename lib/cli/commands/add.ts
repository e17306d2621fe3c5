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

const STAYS = "the punt is stored; a manager over the same store makes it, `vpp-punt delete` takes it back";

export async function run(text: string | undefined, options: Options): Promise<void> {
  const request = await requestOf(text, options.file);
  const { wait, timeout, output } = options;
  await withPunts(options, { readOnly: false }, async ({ punts, lost }) => {
    const added = punts.add(request, { ...(wait && { waitFor: "CREATED" as const }) });
    const first = await Promise.race([added, after(timeout), lost(5_000), interrupted()]);
    if (first === "late") throw new PuntError("punt.add", "ERR_NOT_READY", `not done within ${timeout} ms: ${STAYS}`);
    if (first === "lost") throw new PuntError("punt.add", "ERR_DISCONNECTED", `VPP went away: ${STAYS}`);
    if (typeof first === "string") throw interruption(first, STAYS);
    print(statusText([shownPunt(first)], output));
  });
}
