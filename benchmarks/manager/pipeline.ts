// Compares the rate of the manager's messages while it configures N punts with that of the bare client. The client sends the same messages
// in the same order to a VPP that has just started. It knows each index beforehand, so it doesn't wait for answers. The manager's time is
// the time during which a message that changes VPP is unanswered. Both sides are warm.
// usage: pipeline N; prints { managerRate, clientRate, messages }: messages a second
import { EventEmitter } from "node:events";
import type { Vpp } from "../../lib/binapi/index.js";
import type { VppConnection } from "../../lib/punt/index.js";
import { Bed, Stopwatch, timed } from "./embedded.js";

type Call = Parameters<VppConnection["call"]>;

/** Records the messages that change VPP, and measures the time during which at least one of them is unanswered. */
class Recorder extends EventEmitter implements VppConnection {
  readonly calls: Call[] = [];
  readonly unanswered = new Stopwatch();
  readonly #vpp: Vpp;

  constructor(vpp: Vpp) {
    super();
    this.#vpp = vpp;
    for (const event of ["connected", "disconnected"] as const) vpp.on(event, () => this.emit(event));
  }

  get isConnected(): boolean {
    return this.#vpp.isConnected;
  }

  forget(): void {
    this.calls.length = 0;
    this.unanswered.milliseconds = 0;
  }

  has(name: string): boolean {
    return this.#vpp.has(name);
  }

  dumpAll: VppConnection["dumpAll"] = (...args) => this.#vpp.dumpAll(...args);

  subscribe: VppConnection["subscribe"] = (...args) => this.#vpp.subscribe(...args);

  call: VppConnection["call"] = (...args) => {
    // A get reads only, like a dump.
    if (args[0].includes("_get_")) return this.#vpp.call(...args);
    this.calls.push(args as unknown as Call);
    return this.unanswered.during(this.#vpp.call(...args));
  };
}

const bed = await Bed.start(Number(process.argv[2]));
const recorder = new Recorder(bed.client);
const manager = await bed.manager(recorder);
const addAll = () => Promise.all(bed.requests.map((it) => manager.add(it, { waitFor: "CREATED" })));
await addAll();
await Promise.all(manager.list().map((it) => manager.delete(it.id)));
await bed.restartVpp();
await manager.resync();
recorder.forget();
await addAll();
const { milliseconds } = recorder.unanswered;
const messages = recorder.calls.length;
await manager.close();
await bed.restartVpp();
const clientMs = await timed(() => Promise.all(recorder.calls.map((it) => bed.client.call(...it))));
const rate = (ms: number) => Math.round((messages / ms) * 1000);
console.log(JSON.stringify({ managerRate: rate(milliseconds), clientRate: rate(clientMs), messages }));
await bed.close();
