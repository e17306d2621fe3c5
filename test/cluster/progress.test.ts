// The signs of life of a watch of etcd: they say that the watcher knows the punts of now.
import test from "ava";
import type { Etcd } from "../../lib/cluster/index.js";
import { Keys } from "../../lib/cluster/keys.js";
import { watchStatuses } from "../../lib/cluster/status-watch.js";

/** Milliseconds between two signs of life. */
const PROGRESS_MS = 10_000;

/** An etcd without keys, which can go away and come back. */
class PlayedEtcd {
  revision = 5;
  isAway = false;
  #end: (error: unknown) => void = () => {};

  async range() {
    if (this.isAway) throw new Error("etcd is away");
    return { revision: this.revision, entries: [] };
  }

  watch(_prefixes: readonly string[], _revision: number, { ended }: { ended(error: unknown): void }) {
    this.#end = ended;
    return () => {};
  }

  goAway(): void {
    this.isAway = true;
    this.#end(new Error("etcd is away"));
  }
}

test.serial("a watch of another host's punts has no progress while etcd is away", async (t) => {
  const { setTimeout: set } = globalThis;
  // The watch and its copy of etcd keep no process alive.
  const alive = setInterval(() => {}, 1_000);
  t.teardown(() => {
    clearInterval(alive);
    Object.assign(globalThis, { setTimeout: set });
  });
  let pauses = 0;
  /** The time between two signs is short. */
  const hasten = (run: () => void, wait: number) => {
    if (wait !== PROGRESS_MS) return set(run, wait);
    return set(() => {
      pauses++;
      run();
    }, 5);
  };
  Object.assign(globalThis, { setTimeout: hasten });
  const etcd = new PlayedEtcd();
  const ending = new AbortController();
  const events = watchStatuses(etcd as unknown as Etcd, new Keys("/p/", "h1"), { signal: ending.signal });
  const heard: string[] = [];
  for await (const { kind, revision } of events) {
    heard.push(`${kind} ${revision}`);
    if (kind === "progress" && etcd.isAway === false && etcd.revision === 5) {
      etcd.goAway();
      const before = pauses;
      void (async () => {
        while (pauses < before + 3 && !ending.signal.aborted) await new Promise((resolve) => set(resolve, 5));
        etcd.revision = 9;
        etcd.isAway = false;
      })();
    } else if (heard.length > 1) ending.abort();
  }
  t.deepEqual(heard, ["snapshot etcd:5", "progress etcd:5", "progress etcd:9"]);
});
