// Removes the leftovers of failed tests at the end of their process, however it ends, short of SIGKILL.
const actions: (() => void)[] = [];

/** Runs `action`, which cannot wait for anything, when this process ends. */
export function atEnd(action: () => void): void {
  actions.push(action);
}

function end(): void {
  for (const action of actions.splice(0)) action();
}

process.on("exit", end);
// The test runner ends its workers by SIGTERM, and then no "exit" comes.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
  process.once(signal, () => {
    end();
    process.kill(process.pid, signal);
  });
