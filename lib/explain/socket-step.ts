// The step of a punt socket: a program has it open.
import { existsSync, readFileSync, statSync } from "node:fs";
import { fault, ok, type Step, unknown } from "./steps.js";

/** Linux's list of the UNIX sockets of this network namespace. */
const SOCKETS = "/proc/net/unix";

/** Returns the step of the CNF's datagram socket. Its file tells that a program made it; Linux's list tells that it is still open. */
export function socketStep(path: string): Step {
  const place = `socket ${path}`;
  const start = "start the CNF; `openPunt` and `attach` open the socket";
  try {
    const file = statSync(path, { throwIfNoEntry: false });
    if (!file) return fault(place, "there is no such file: VPP drops the packets (socket TX error)", start);
    if (!file.isSocket()) return fault(place, "the file is not a socket", "remove it, and start the CNF");
  } catch (error) {
    return unknown(place, `the file cannot be looked at (${(error as NodeJS.ErrnoException).code})`);
  }
  const open = existsSync(SOCKETS) ? isListed(path) : undefined;
  if (open) return ok(place, "a program has it open");
  const text = "the file is there, and no program in this network namespace has it open";
  return isOwnNamespace() ? fault(place, text, start) : unknown(place, text);
}

function isListed(path: string): boolean {
  return readFileSync(SOCKETS, "utf8")
    .split("\n")
    .some((line) => line.endsWith(` ${path}`));
}

/** Whether this process is in the namespace of the machine's first process. Programs in other namespaces are not listed. */
function isOwnNamespace(): boolean {
  try {
    return statSync("/proc/1/ns/net").ino === statSync("/proc/self/ns/net").ino;
  } catch {
    return false;
  }
}
