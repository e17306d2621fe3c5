// The process of a spawned embedded VPP: does what the parent asks for, and ends with it.
import { rmSync } from "node:fs";
import { outliveTerminal } from "../closed-terminal.js";
import { PuntError } from "../errors.js";
import { EmbeddedVpp } from "./embedded-vpp.js";
import type { EmbeddedVppOptions } from "./options.js";
import type { ChildCall, ChildReady, ChildReply, ChildStart } from "./spawned-vpp.js";

/** The methods of VppControl, which the parent may call. */
const METHODS = new Set([
  "inject",
  "transmitted",
  "hostSend",
  "hostReceived",
  "setHostMtu",
  "hostInterfaces",
  "interfaces",
  "counters",
  "log",
  "cli",
  "addFault",
  "clearFaults",
  "restart",
  "close",
] as const);

type Method = typeof METHODS extends Set<infer M> ? M : never;

let vpp: EmbeddedVpp | undefined;
/** The folder that the parent made. This process removes it when the parent is gone. */
let orphaned: string | undefined;

function errorReply(id: number, error: unknown): ChildReply {
  const { op, code, details } = error instanceof PuntError ? error : new PuntError("sim", "ERR_INTERNAL", "");
  const message = error instanceof Error ? error.message.replace(`${op}: `, "") : String(error);
  return { id, error: { op, code: (error as NodeJS.ErrnoException).code ?? code, message, details } };
}

/** Tells the parent, which may have exited. Without a callback, that error would end this process before its clean-up. */
function tell(message: ChildReady | ChildReply, then: () => void = () => {}): void {
  process.send!(message, then);
}

async function start(options: EmbeddedVppOptions): Promise<void> {
  try {
    vpp = await EmbeddedVpp.start(options);
    vpp.crash = () => process.kill(process.pid, "SIGKILL");
    const { apiSocket, puntSocket, statsSocket, directory } = vpp;
    tell({ ready: { apiSocket, puntSocket, statsSocket, directory } });
  } catch (error) {
    tell(errorReply(0, error), () => process.exit(1));
  }
}

async function call({ id, method, args }: ChildCall): Promise<void> {
  try {
    if (!METHODS.has(method as Method)) throw new PuntError("sim", "ERR_INTERNAL", `no method ${method}`);
    const target = vpp as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    tell({ id, value: await target[method]!(...args) });
  } catch (error) {
    tell(errorReply(id, error));
  }
}

/** The parent is gone, or done: nothing of this VPP may stay behind. */
async function end(): Promise<void> {
  await vpp?.close().catch(() => undefined);
  if (orphaned !== undefined) rmSync(orphaned, { recursive: true, force: true });
  process.exit(0);
}

outliveTerminal();
process.on("message", (message: ChildCall | ChildStart) => {
  if ("options" in message) {
    orphaned = message.ownsDirectory ? message.options.directory : undefined;
    void start(message.options);
  } else {
    void call(message);
  }
});
process.on("disconnect", () => void end());
process.on("SIGTERM", () => void end());
// A terminal sends these to the whole process group. The parent decides their meaning.
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
