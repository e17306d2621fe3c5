// The states of punts for commands that only look.
import { PuntError } from "../../errors.js";
import { within } from "../ending/index.js";
import { printError } from "../output/index.js";
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

/** Says on standard error that another manager has punts in VPP, of which the command's answer knows nothing. */
export async function sayUnseen({ unseen }: Opened): Promise<void> {
  const found = await unseen?.();
  if (found) printError(`vpp-punt: ${found.text}`);
}

/**
 * Returns a look for a command that goes on for long. While a daemon that has answered before is away, such as during its restart, it resolves
 * with undefined; `onAway` hears of it once.
 */
export function lasting<T>(look: () => Promise<T>, onAway: (error: PuntError) => void): () => Promise<T | undefined> {
  let isThere: boolean | undefined;
  return async () => {
    try {
      const found = await look();
      isThere = true;
      return found;
    } catch (error) {
      if (isThere === undefined || !isAway(error)) throw error;
      if (isThere) onAway(error);
      isThere = false;
      return undefined;
    }
  };
}

function isAway(error: unknown): error is PuntError {
  return error instanceof PuntError && error.code === "ERR_DISCONNECTED";
}

function unlessAway(error: unknown): void {
  if (!isAway(error)) throw error;
}
