// The end of a process whose terminal was closed.
import { isatty } from "node:tty";

const STANDARD = [0, 1, 2];

/**
 * Ends the process by a signal if its terminal is gone by then. Node sets the terminal's modes at its exit, and aborts with a
 * core dump if that fails, as it does on a terminal that is gone.
 */
export function outliveTerminal(): void {
  const terminals = STANDARD.filter((fd) => isatty(fd));
  process.on("exit", () => {
    if (terminals.every((fd) => isatty(fd))) return;
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
    // SIGHUP may be ignored, as nohup does.
    process.kill(process.pid, "SIGKILL");
  });
}
