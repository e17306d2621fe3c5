// The states of punts for commands that only look.
import { PuntError } from "../../errors.js";
import { within } from "../ending/index.js";
import type { Opened } from "./open.js";
import { type ShownPunt, shownPunt } from "./status.js";

/**
 * Returns the punts as a look at VPP finds them now. While VPP is away, they are as the manager has them.
 *
 * @throws PuntError `ETIMEDOUT`, or another error if VPP or the store could not be read
 */
export async function look({ punts, look }: Opened, timeout: number, cnf?: string): Promise<ShownPunt[]> {
  await within(timeout, "a look at VPP", look()).catch(unlessAway);
  const statuses = await punts.list(cnf === undefined ? {} : { cnf });
  return statuses.filter(({ id }) => cnf === undefined || id.cnf === cnf).map((status) => shownPunt(status));
}

function unlessAway(error: unknown): void {
  if (!(error instanceof PuntError) || error.code !== "ERR_DISCONNECTED") throw error;
}
