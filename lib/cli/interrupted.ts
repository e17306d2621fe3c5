// The end of a command that runs until it is told to stop.

/** Resolves at the first SIGINT or SIGTERM. Those that follow do nothing: what is being closed is closed to its end. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
  });
}
