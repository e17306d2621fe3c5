// The CNFs of modules, and their requests.
import type { PuntRequestInput } from "../../../lib/punt/index.js";
import { type PuntChoice, requestOf } from "../../stress/choice.js";
import { ROOT } from "../world/index.js";

/** The number of the CNF of the first module. */
const FIRST = 8;

/** The CNFs of modules. */
export const MODULES: readonly string[] = [`cnf${FIRST}`, `cnf${FIRST + 1}`];

/** Whether a punt is a module's. A module follows its own. */
export function isModules({ cnf }: { readonly cnf: string }): boolean {
  return MODULES.includes(cnf);
}

/** Returns a module's request. The daemon makes its punt socket, and chooses the path. */
export function moduleRequest(punt: PuntChoice, which: number): PuntRequestInput {
  const request = requestOf({ ...punt, cnf: FIRST + which }, ROOT);
  const { socketPath: _, ...rest } = request as PuntRequestInput & { readonly socketPath?: string };
  return rest as PuntRequestInput;
}
