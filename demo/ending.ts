// A signal ends the demo early: its processes and its files go with it.

type Close = () => Promise<unknown>;

const open = new Set<Close>();
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Runs `body`, and then `close`; a signal runs `close` without waiting for the body. */
export async function closing<T>(close: Close, body: () => Promise<T>): Promise<T> {
  open.add(close);
  try {
    return await body();
  } finally {
    open.delete(close);
    await close();
  }
}

/** Ends the process at the first signal, with the status that a shell gives it. */
export function endBySignal(): void {
  let isEnding = false;
  for (const [signal, number] of Object.entries(NUMBERS)) {
    process.on(signal, async () => {
      if (isEnding) return;
      isEnding = true;
      // Things that are still in use fail when they are closed: these errors are of no use.
      process.on("uncaughtException", () => {});
      for (const close of [...open].reverse()) await close().catch(() => {});
      process.exit(128 + number);
    });
  }
}
