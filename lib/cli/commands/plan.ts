// `vpp-punt plan`: what apply would change.
import { type DryRun, idOf, idText, type PuntRequest, type PuntStatus } from "../../punt/index.js";
import { exitWith, within } from "../ending/index.js";
import { json, print, yaml } from "../output/index.js";
import {
  type Changes,
  changesOf,
  isChange,
  changeLine as line,
  type ManagedOptions,
  puntLines,
  requestsOf,
  sayUnseen,
  type Unseen,
  waitingLines,
  withKnownPaths,
  withPunts,
} from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly prune?: boolean;
  readonly detailedExitcode?: boolean;
}

const LONGEST_LOOK_MS = 30_000;

export async function run(path: string | undefined, options: Options): Promise<void> {
  const file = path === undefined ? undefined : await requestsOf(path);
  await withPunts(options, { readOnly: true }, async (opened) => {
    const { punts, choosesPaths } = opened;
    if (!choosesPaths) file?.withPaths();
    const existing = await punts.list();
    const requests = withKnownPaths(existing, file?.requests ?? []);
    const changes = changesOf(existing, requests, file !== undefined && options.prune === true);
    const look = punts.plan({
      delete: [...changes.deleted, ...changes.updated.map(idOf)],
      add: requests as PuntRequest[],
    });
    const dry = await within(LONGEST_LOOK_MS, "plan", look);
    if (options.output === "text") print(planText(dry, changes, existing, await opened.unseen?.()));
    else
      print((options.output === "json" ? json : yaml)({ changes: named(changes), steps: dry.steps, punts: dry.punts }));
    await sayUnseen(opened);
    if (options.detailedExitcode && (isChange(changes) || dry.steps.length > 0)) exitWith("changes");
  });
}

/** The changes of the punts, by identity. */
function named({ added, updated, unchanged, deleted }: Changes): object {
  return { added: added.map(idOf), updated: updated.map(idOf), unchanged: unchanged.map(idOf), deleted };
}

function planText(dry: DryRun, changes: Changes, existing: readonly PuntStatus[], unseen: Unseen | undefined): string {
  const lines = [...puntLines(changes, existing), ...stepLines(dry, unseen), ...waitingLines(dry.punts)];
  return [...lines, summary(dry, changes)].join("\n");
}

/** One line for each item in VPP and Linux, in the order in which they are done. */
function stepLines({ steps }: DryRun, unseen: Unseen | undefined): string[] {
  return steps.map(({ action, item, why, punts }) => {
    const names = punts.map(idText);
    const isOthers = unseen !== undefined && action === "delete" && names.length === 0;
    const notes = [
      ...(names.length > 0 ? [`for ${names.join(", ")}`] : []),
      ...(isOthers ? [`it may be of process ${unseen.pid}`] : []),
    ];
    const reason = [why, ...notes].filter(Boolean).join("; ");
    return line(action, `${item}  (${reason})`);
  });
}

function summary({ steps }: DryRun, changes: Changes): string {
  if (!isChange(changes) && steps.length === 0) return "Nothing to do.";
  const { added, updated, deleted } = changes;
  const punts = `${added.length} to add, ${updated.length} to update, ${deleted.length} to delete`;
  return `Punts: ${punts}. Steps in VPP and Linux: ${steps.length}.`;
}
