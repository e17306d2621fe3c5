// A manager in a process of its own that can be killed. It adds and deletes punts at random, and reports each promise to its parent.
import fc from "fast-check";
import { Vpp } from "../../lib/binapi/index.js";
import { LinuxHost, PuntManager } from "../../lib/punt/index.js";
import { idOf, type PuntChoice, puntChoice, requestOf } from "./choice.js";
import { RemoteHost } from "./remote-host.js";
import { settings, settle } from "./settling.js";

export interface CrashOptions {
  readonly apiSocket: string;
  readonly directory: string;
  readonly seed: number;
  /** Whether VPP is real, with the Linux side of this machine. */
  readonly real: boolean;
  /** Whether this machine has VRF devices. Without them, punts do not ask for them. */
  readonly hasVrf: boolean;
}

/** Sent before an operation begins, and after it was answered. */
export interface Progress {
  readonly progress: "begun" | "kept" | "refused";
  readonly op: "add" | "delete";
  readonly id: string;
}

let stopping = false;
/** Milliseconds after a request to stop, before the process prints the operations under way. */
const patience = 15_000;

const underWay = new Set<string>();
let describe = (): string[] => ["not started"];

async function main(options: CrashOptions): Promise<void> {
  const vpp = await Vpp.connect({
    socketPath: options.apiSocket,
    wait: true,
    reconnect: { min: 2, max: 20 },
    timeout: 2_000,
  });
  const manager = await PuntManager.start({
    vpp,
    host: options.real ? new LinuxHost() : new RemoteHost(),
    ...settings(options),
  });
  let lastProblem = "none";
  manager.on("problem", (error) => {
    lastProblem = error.message;
  });
  describe = () => [
    `manager on seed ${options.seed}: connected ${vpp.isConnected}, last problem: ${lastProblem}`,
    `under way: ${[...underWay].join(" ")}`,
    ...manager.list().map((each) => `${each.id.cnf}/${each.id.label} ${each.state} ${each.failure?.message ?? ""}`),
  ];
  process.send!({ ready: true });
  const steps = fc.sample(fc.tuple(fc.boolean(), puntChoice), { numRuns: 2_000, seed: options.seed });
  for (let at = 0; !stopping && at < steps.length; at += 3) {
    // Several at once, each on a punt of its own: the order of two operations on one punt would be unknown.
    const batch = new Map(steps.slice(at, at + 3).map(([add, choice]) => [idText(choice), { add, choice }]));
    await Promise.all([...batch.values()].map(({ add, choice }) => perform(manager, add, choice, options)));
  }
  await settle(manager);
  await manager.close();
  await vpp.close();
  process.send!({ settled: true }, () => process.exit(0));
}

function idText({ type, cnf }: PuntChoice): string {
  return `${type}/${cnf}`;
}

async function perform(manager: PuntManager, add: boolean, choice: PuntChoice, options: CrashOptions): Promise<void> {
  const wanted = requestOf(options.real ? { ...choice, netns: false } : choice, options.directory);
  const request = wanted.type === "DHCP_PROXY" ? { ...wanted, withoutCnfVrf: !options.hasVrf } : wanted;
  const id = JSON.stringify(idOf(request));
  const op = add ? "add" : "delete";
  tell({ progress: "begun", op, id });
  underWay.add(op + id);
  const work = add ? manager.add(request) : manager.delete(idOf(request));
  const progress = await work.then(
    () => "kept" as const,
    () => "refused" as const,
  );
  underWay.delete(op + id);
  tell({ progress, op, id });
}

/** Reports to the parent, which may have ended. */
function tell(progress: Progress): void {
  if (process.connected) process.send!(progress, () => {});
}

process.on("message", (message: { options?: CrashOptions; stop?: true }) => {
  if (message.options) void main(message.options);
  if (message.stop) stop();
});
// A parent that failed does not stop its children.
process.on("disconnect", () => process.exit(1));

function stop(): void {
  stopping = true;
  setTimeout(() => console.error(describe().join("\n")), patience).unref();
}
