// The daemon as the orchestrator of CNFs that were written for StoneWork.
import { join } from "node:path";
import { OptionCheck } from "../options.js";
import type { Punts } from "../punt/index.js";
import { DEFAULT_DIRECTORY, pathsIn, type StoneWorkOptions, StoneWorkOrchestrator } from "../stonework/index.js";
import type { AuditLog } from "./audit.js";
import type { CheckedDaemonOptions, DaemonOptions } from "./options.js";

/** Starts it if the options ask for it. @throws PuntError as `StoneWorkOrchestrator.start` */
export async function startStoneWork(
  { stonework, state, logger, manager }: CheckedDaemonOptions,
  punts: Punts,
  audit: AuditLog,
): Promise<StoneWorkOrchestrator | undefined> {
  if (stonework === undefined) return undefined;
  const check = new OptionCheck("daemon.start");
  check.object("stonework", stonework);
  const kept = state === undefined ? {} : { state: join(state, "stonework.json") };
  const onSet = ({ from, keys }: { readonly from: string; readonly keys: readonly string[] }) =>
    audit.write({ caller: `stonework ${from}`, call: "SetConfig", decision: "allowed", message: keys.join(", ") });
  const netns = manager?.containers === undefined ? {} : { netns: containersOf(stonework.netns) };
  return StoneWorkOrchestrator.start({ ...stonework, ...netns, ...kept, punts, logger, onSet });
}

type Netns = NonNullable<StoneWorkOptions["netns"]>;

/** A CNF without a namespace of its own in the options is in the container with its label, as StoneWork has it. */
function containersOf(given: Netns = {}): Netns {
  const of = typeof given === "function" ? given : async (label: string) => given[label];
  return async (label) => (await of(label)) ?? { microservice: label };
}

/** Options of the manager that follow from StoneWork's directory, which its CNFs share. */
export function managerUnderStoneWork({ stonework }: DaemonOptions): { readonly memifDirectory?: string } {
  if (stonework === undefined) return {};
  return { memifDirectory: pathsIn(stonework.directory ?? DEFAULT_DIRECTORY).memifDirectory };
}
