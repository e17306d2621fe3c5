// `vpp-punt apply`: makes the punts what a file says.
import { PuntError } from "../../errors.js";
import { idKey, idText } from "../../punt/index.js";
import { errorObject, errorText, exitWith, interruption } from "../ending/index.js";
import { counted, print, printError } from "../output/index.js";
import {
  type Applied,
  applyRequests,
  type Changes,
  explainRemedy,
  type ManagedOptions,
  puntLines,
  requestsOf,
  shownPunt,
  standingText,
  statusText,
  unknown,
  withPunts,
} from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly prune?: boolean;
  readonly wait?: boolean;
  readonly timeout: number;
}

export async function run(path: string, options: Options): Promise<void> {
  const file = await requestsOf(path);
  const { prune = false, wait = false, timeout, output } = options;
  await withPunts(options, { readOnly: false }, async (opened) => {
    const applied = await applyRequests(opened, file, { prune, wait, timeout });
    if (applied.open !== undefined) report(applied, output);
    conclude(applied, timeout, opened.keeper);
  });
}

const CHANGES = ["added", "updated", "unchanged"] as const;

/** "added", "updated" or "unchanged", by the key of each punt's identity. */
function changeByPunt(changes: Changes): Map<string, string> {
  return new Map(CHANGES.flatMap((kind) => changes[kind].map((request) => [idKey(request), kind] as const)));
}

function summary({ changes, refused }: Applied): Record<string, number> {
  const { added, updated, unchanged, deleted } = changes;
  const failed = new Set(refused.map(({ id }) => idKey(id)));
  const good = (requests: Changes["added"]) => requests.filter((request) => !failed.has(idKey(request))).length;
  const gone = deleted.filter((id) => !failed.has(idKey(id))).length;
  const counts = { added: good(added), updated: good(updated), unchanged: good(unchanged), deleted: gone };
  return { ...counts, failed: failed.size };
}

/** Prints what became of the punts. The shape of `punts` is that of `list`. */
function report(applied: Applied, output: string): void {
  const { changes, refused, statuses } = applied;
  const kinds = changeByPunt(changes);
  const punts = statuses.map((status) => ({ ...shownPunt(status), change: kinds.get(idKey(status.id)) }));
  const errors = refused.map(({ id, error }) => ({ id, ...errorObject(error) }));
  const counts = summary(applied);
  const isData = output === "json" || output === "yaml";
  const lines = isData ? [] : puntLines(changes, applied.before);
  if (lines.length > 0) print(lines.join("\n"));
  print(statusText(punts, output, { deleted: changes.deleted, errors, summary: counts }));
  if (isData) return;
  print(
    Object.entries(counts)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(", "),
  );
  for (const { id, error } of refused) printError(`${idText(id)}: ${errorText(error)}`);
}

/** Sets the exit status, and says what stays where the wait was cut short. */
function conclude(applied: Applied, timeout: number, keeper: string): void {
  const { cut, refused } = applied;
  if (refused.length > 0) exitWith("failed");
  const stays = left(applied, keeper);
  const [first] = applied.waiting.map((status) => shownPunt(status));
  const remedy = first ? { remedy: explainRemedy(first) } : {};
  if (cut === "late")
    throw new PuntError("punt.apply", "ERR_NOT_READY", `not done within ${timeout} ms: ${stays}`, remedy);
  if (cut === "lost") throw new PuntError("punt.apply", "ERR_DISCONNECTED", `VPP went away: ${stays}`);
  if (cut !== undefined && cut !== "output") throw interruption(cut, stays, remedy);
}

function left({ open, waiting }: Applied, keeper: string): string {
  if (open === undefined) return unknown("the part that is stored", keeper);
  const stored = `${counted(open, "punt")} ${open === 1 ? "is" : "are"} stored and not made yet`;
  const them = open === 1 ? "it" : "them";
  const stays = `${stored}; ${keeper} makes ${them}, \`vpp-punt delete\` takes ${them} back`;
  return waiting.length === 0 ? stays : `${standingText(waiting.map((status) => shownPunt(status)))}; ${stays}`;
}
