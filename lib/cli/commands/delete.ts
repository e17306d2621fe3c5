// `vpp-punt delete`: deletes a punt.
import { PuntError } from "../../errors.js";
import { idText } from "../../punt/index.js";
import { after, interrupted, interruption } from "../ending/index.js";
import { json, print } from "../output/index.js";
import { find, identityOf, listed, type ManagedOptions, unknown, withPunts } from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly timeout: number;
}

export async function run(
  cnf: string,
  key: string | undefined,
  label: string | undefined,
  options: Options,
): Promise<void> {
  const { output, timeout } = options;
  await withPunts(options, { readOnly: false }, async ({ punts, keeper, lost }) => {
    const id = find(await punts.list(), cnf, key, label)?.id ?? identityOf(cnf, key, label);
    const deleted = punts.delete(id).then(() => "deleted" as const);
    const first = await Promise.race([deleted, after(timeout), lost(5_000), interrupted()]);
    if (first === "deleted") return print(output === "json" ? json({ deleted: [id] }) : `deleted ${idText(id)}`);
    deleted.catch(() => {});
    // A punt whose deletion is stored may still be listed.
    const isKnown = (await listed(punts)) !== undefined;
    const stays = isKnown
      ? `the punt is out of the store; ${keeper} removes what is left of it in VPP`
      : unknown("whether the punt is deleted", keeper);
    if (first === "late")
      throw new PuntError("punt.delete", "ERR_NOT_READY", `not done within ${timeout} ms: ${stays}`);
    if (first === "lost") throw new PuntError("punt.delete", "ERR_DISCONNECTED", `VPP went away: ${stays}`);
    throw interruption(first, stays);
  });
}
