// How fast the manager's messages go while it configures N punts, beside the same messages in the same order to a VPP that has
// just started, sent by the client as fast as it takes them: it has no answer to wait for, as it knows each index beforehand.
// The manager configures while any message that changes VPP is unanswered; when it reads VPP, none is. Both are warm.
// usage: pipeline N; prints { managerRate, clientRate, messages }: messages a second
import { EventEmitter } from "node:events";
import type { Vpp } from "../../lib/binapi/index.js";
import type { VppConnection } from "../../lib/punt/index.js";
import { Bed, Stopwatch, timed } from "./embedded.js";

type Call = Parameters<VppConnection["call"]>;

/** A connection that keeps the messages which configure, and measures for how long any of them was unanswered. */
class Recorder extends EventEmitter implements VppConnection {
  readonly calls: Call[] = [];
  readonly unanswered = new Stopwatch();

  constructor(private readonly vpp: Vpp) {
    super();
    for (const event of ["connected", "disconnected"] as const) vpp.on(event, () => this.emit(event));
  }

  get isConnected(): boolean {
    return this.vpp.isConnected;
  }

  forget(): void {
    this.calls.length = 0;
    this.unanswered.milliseconds = 0;
  }

  has(name: string): boolean {
    return this.vpp.has(name);
  }

  dumpAll: VppConnection["dumpAll"] = (...args) => this.vpp.dumpAll(...args);

  subscribe: VppConnection["subscribe"] = (...args) => this.vpp.subscribe(...args);

  call: VppConnection["call"] = (...args) => {
    // A get only reads, as a dump does.
    if (args[0].includes("_get_")) return this.vpp.call(...args);
    this.calls.push(args as unknown as Call);
    return this.unanswered.during(this.vpp.call(...args));
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
