// `vpp-punt add`: asks for one punt.

import { PuntError } from "../../errors.js";
import { after, type Ending, interrupted, interruption } from "../ending/index.js";
import { print } from "../output/index.js";
import {
  explainRemedy,
  type ManagedOptions,
  requestOf,
  type ShownPunt,
  shownPunt,
  standing,
  standingText,
  statusText,
  unknown,
  withPunts,
} from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly file?: string;
  readonly wait?: boolean;
  readonly timeout: number;
}

export async function run(text: string | undefined, options: Options): Promise<void> {
  const request = await requestOf(text, options.file);
  const { wait, timeout, output } = options;
  await withPunts(options, { readOnly: false }, async (opened) => {
    const { punts, keeper, lost } = opened;
    const added = punts.add(request, { ...(wait && { waitFor: "CREATED" as const }) });
    const first = await Promise.race([added, after(timeout), lost(5_000), interrupted()]);
    if (typeof first !== "string") return print(statusText([shownPunt(first)], output));
    added.catch(() => {});
    const { cnf, key = "", label = "" } = request;
    throw cutShort(first, timeout, keeper, await standing(punts, { cnf, key, label }));
  });
}

/** @param punt undefined: no answer came */
function cutShort(
  by: Ending | "late" | "lost",
  timeout: number,
  keeper: string,
  punt: ShownPunt | undefined,
): PuntError {
  const stored = `the punt is stored; ${keeper} makes it, \`vpp-punt delete\` takes it back`;
  const left = punt ? `${standingText([punt])}; ${stored}` : unknown("whether the punt is stored", keeper);
  const remedy = punt ? { remedy: explainRemedy(punt) } : {};
  if (by === "late")
    return new PuntError("punt.add", "ERR_NOT_READY", `not done within ${timeout} ms: ${left}`, remedy);
  if (by === "lost") return new PuntError("punt.add", "ERR_DISCONNECTED", `VPP went away: ${left}`);
  return interruption(by, left, remedy);
}
