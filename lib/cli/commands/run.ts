// `vpp-punt run`: applies a file, then keeps VPP as the file says and follows its changes.
import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import { idText, type Punts } from "../../punt/index.js";
import { errorText, fail, interrupted, interruption } from "../ending/index.js";
import { jsonLine, print, printError } from "../output/index.js";
import {
  applyRequests,
  type FileOfPunts,
  type ManagedOptions,
  type Opened,
  requestsOf,
  withPunts,
} from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly prune: boolean;
  readonly vppWait: number;
}

/** One round of applying gives the signals their turn. */
const ROUND_MS = 600_000;

export async function run(path: string, options: Options): Promise<void> {
  const file = await requestsOf(path);
  const end = new AbortController();
  const ended = interrupted().then((by) => end.abort(by));
  let isOpen = false;
  const opening = { readOnly: false, wait: options.vppWait, signal: end.signal };
  const running = withPunts(options, opening, async (opened) => {
    isOpen = true;
    const apply = applier(opened, options);
    const watching = printChanges(opened.punts, options.output, end.signal);
    // Before the first round, so that a change during it is seen.
    const stop = onChange(path, () => void again(path, apply, options.output === "json"));
    await apply(file);
    await ended;
    stop();
    await watching;
  });
  await running.catch((error) => {
    throw isOpen || !end.signal.aborted ? error : interruption(end.signal.reason, "nothing was changed");
  });
}

type Apply = (file: FileOfPunts) => Promise<void>;

/** Applies one file after the other, never two at once. */
function applier(opened: Opened, { prune }: Options): Apply {
  let last: Promise<unknown> = Promise.resolve();
  return (file) => {
    const next = last.then(async () => {
      const applied = await applyRequests(opened, file, { prune, wait: false, timeout: ROUND_MS });
      for (const { id, error } of applied.refused) printError(`${idText(id)}: ${errorText(error)}`);
    });
    last = next.catch(() => {});
    return next;
  };
}

/** A file that is wrong changes nothing: the punts stay as they are, and the error is printed. */
async function again(path: string, apply: Apply, json: boolean): Promise<void> {
  try {
    await apply(await requestsOf(path));
  } catch (error) {
    fail(error, json);
    process.exitCode = 0;
  }
}

const SETTLE_MS = 100;

/** Editors replace a file instead of writing it, so its folder is watched. */
function onChange(file: string, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(dirname(file), (_, name) => {
    if (name !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLE_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

async function printChanges(punts: Punts, output: string, signal: AbortSignal): Promise<void> {
  for await (const change of punts.watch({ signal })) {
    if (change.kind !== "change") continue;
    const { id, from, to, cause } = change.event;
    const time = new Date().toISOString();
    print(
      output === "json"
        ? jsonLine({ time, id, from, to, cause })
        : `${time} ${idText(id)} ${from ?? "-"} -> ${to}: ${cause}`,
    );
  }
}
