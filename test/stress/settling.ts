// The settings of a manager under stress, and the wait for its end state.
import { FileStore, type PuntManager } from "../../lib/punt/index.js";

export function settings({ directory }: { readonly directory: string }) {
  return {
    store: new FileStore(`${directory}/state.json`),
    memifDirectory: `${directory}/memif`,
    resyncInterval: 500,
    retry: { firstDelay: 10, longestDelay: 100 },
  };
}

/** Resolves when no step is left. The caller sets a time limit. */
export async function settle(manager: PuntManager): Promise<void> {
  for (;;) {
    const left = await manager
      .resync()
      .then(() => manager.plan())
      .catch(() => undefined);
    const settled = manager.list().every((each) => each.state === "CREATED" || each.state === "PENDING");
    if (left?.steps.length === 0 && settled) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits for the work. @throws an Error with the description if it takes longer than `longest` milliseconds */
export async function within<T>(what: string, longest: number, work: Promise<T>, describe = () => ""): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${longest} ms\n${describe()}`)), longest);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
