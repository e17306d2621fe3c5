// `vpp-punt run`: applies a file, then keeps VPP as the file says and follows its changes.
import { statSync } from "node:fs";
import { fileLifeId } from "../../files/index.js";
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
  // Before the file is read: it may take long until VPP is there, and each change from now on is applied then.
  const before = stateOf(path);
  const file = await requestsOf(path);
  const end = new AbortController();
  const ended = interrupted().then((by) => end.abort(by));
  let isOpen = false;
  const opening = { readOnly: false, wait: options.vppWait, signal: end.signal };
  const running = withPunts(options, opening, async (opened) => {
    isOpen = true;
    const apply = applier(opened, options);
    const watching = printChanges(opened.punts, options.output, end.signal);
    const stop = onChange(path, before, () => void again(path, apply, options.output === "json"));
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

/** How often the file is looked at, in milliseconds. */
const LOOK_MS = 300;

/** Looks where the path leads to: a file of a Kubernetes ConfigMap is a link, and the folder of its target is replaced. */
function onChange(file: string, before: string, changed: () => void): () => void {
  const timer = setInterval(() => {
    const now = stateOf(file);
    if (now === before) return;
    before = now;
    changed();
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

/** Returns a text that each change of the file changes; "" while it cannot be looked at. */
function stateOf(file: string): string {
  try {
    return fileLifeId(statSync(file, { bigint: true }));
  } catch {
    return "";
  }
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
