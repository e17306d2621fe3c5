// Usage: endings <folder> <kind of handle>. Ends threads with handles of the kind in every way; prints what one of them leaves.
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

const ENDINGS = [
  ...["early", "busy", "exit", "throw", "closing", "natural"],
  ...["callback-exit", "callback-throw", "callback-close"],
] as const;

/**
 * How a thread ends. `early`: terminated at a random moment of its start. `busy`: terminated with handles in use. `exit`, `throw`: by
 * process.exit() or an uncaught error of its own. `closing`: in the turn in which it closes its handles. `natural`: with open handles that
 * do not keep it. `callback-...`: in a handle's callback, by an exit, an error, or a close.
 */
export type HandleEnding =
  | "early"
  | "busy"
  | "exit"
  | "throw"
  | "closing"
  | "natural"
  | `callback-${"exit" | "throw" | "close"}`;

const [folder, kind] = process.argv.slice(2) as [string, string];

/** Descriptors, shared mappings and threads of this process. */
function held(): string[] {
  const files = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/, "");
      // Node itself leaves modules open that a thread was reading.
      return /[.](m?js(on)?|node)$/.test(file) ? [] : [file];
    } catch {
      return []; // The folder's own.
    }
  });
  const mappings = readFileSync("/proc/self/maps", "utf8").match(/(memfd:|socket:\[|\/dev\/shm|\/dev\/zero).*/g) ?? [];
  return [...files, ...mappings, ...readdirSync("/proc/self/task").map(() => "thread")];
}

/** Returns what the process holds now and did not hold before. */
function moreThan(before: readonly string[]): string[] {
  const rest = [...before];
  return held().filter((each) => {
    const at = rest.indexOf(each);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

let number = 0;

async function endOne(ending: string): Promise<void> {
  const own = `${folder}/${++number}`;
  mkdirSync(own);
  const url = new URL("./handles.js", import.meta.url);
  const worker = new Worker(url, { workerData: { kind, ending, folder: own, number } });
  worker.on("error", (error: Error) => error.message === "meant" || console.log(`${ending}: ${error.stack}`));
  const ended = new Promise((resolve) => void worker.once("exit", resolve));
  if (ending === "early") await Promise.race([ended, sleep(Math.random() * 250)]);
  if (ending === "busy") {
    await Promise.race([ended, once(worker, "message").catch(() => {})]);
    await sleep(Math.random() * 10);
  }
  if (ending === "early" || ending === "busy") await worker.terminate();
  await ended;
  rmSync(own, { recursive: true });
}

/** Ends the threads two at a time, so that one goes on while the other ends. */
async function endAll(): Promise<void> {
  for (let i = 0; i < ENDINGS.length; i += 2) await Promise.all(ENDINGS.slice(i, i + 2).map(endOne));
}

// In the first round, no thread but the ended ones has the addon: it is unloaded with them. Node starts its own threads there.
await endAll();
await import("../../../lib/native.js");
await sleep(50);
const before = held();
await endAll();
// Threads of the kernel and of libuv end a little later.
for (let i = 0; i < 500 && moreThan(before).length > 0; i++) await sleep(20);
if (moreThan(before).length > 0) console.log(`left: ${moreThan(before)}; before: ${before}`);
console.log("ended");
