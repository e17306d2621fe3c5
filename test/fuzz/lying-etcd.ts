// A daemon whose records in etcd are damaged, removed and added by others, and an operator who reads them.
import { EventEmitter } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ITxnRequest, IWatchRequest } from "etcd3";
import { Vpp } from "../../lib/binapi/index.js";
import type { EtcdClient } from "../../lib/cluster/etcd/index.js";
import { type AskedChange, ClusterPunts, Etcd, EtcdPunts, Keys } from "../../lib/cluster/index.js";
import { messageWrites } from "../../lib/cluster/question.js";
import { namesOf, snapshotsOf } from "../../lib/daemon/opened.js";
import { sessionsInEtcd } from "../../lib/daemon/session-memory.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { EmulatedHost, idText, type PuntRequestInput } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { EtcdModel, eventMessage, type Watcher } from "../simulation/cluster/etcd-model.js";
import type { Schedule } from "../simulation/world/index.js";
import { within } from "../stress/settling.js";
import type { Random } from "../support/vpp/sample-values.js";
import { damagedBytes, damagedText } from "./mutate.js";
import { QUESTIONS } from "./outside.js";
import { refusable } from "./refusable.js";

const PREFIX = "/vpp-punt";
const KEYS = new Keys(PREFIX, "h1");
/** Milliseconds. A call that takes longer hangs. */
const LONGEST_MS = 10_000;
const STEPS = 8;

/** etcd in this process: its calls answer at once. */
function clientOf(model: EtcdModel): EtcdClient {
  const watchers = new Set<Watcher>();
  const stream = (write: (stream: EventEmitter, request: never) => void) => {
    const opened = new EventEmitter();
    const end = () => void opened.removeAllListeners("data");
    return Object.assign(opened, { write: (request: never) => write(opened, request), end, cancel: end });
  };
  const watch = (
    opened: EventEmitter,
    { create_request: { key, range_end, start_revision } }: IWatchRequest & Created,
  ) => {
    const told = (events: readonly object[]) => {
      const header = { ...model.header };
      opened.emit("data", { header, canceled: false, cancel_reason: "", compact_revision: "0", events });
    };
    const watcher: Watcher = {
      ...{ start: key.toString(), end: range_end.toString(), next: start_revision, isSynced: false },
      events: (events) => setImmediate(told, events.map(eventMessage)),
    };
    watchers.add(watcher);
    model.watch(watcher);
    model.sync(watcher);
  };
  const client = {
    kv: {
      range: async (request: never) => model.range(request),
      txn: async (request: ITxnRequest) => model.txn(request),
    },
    leaseClient: {
      leaseGrant: async ({ TTL }: { TTL: number }) => model.grant(TTL),
      leaseRevoke: async ({ ID }: { ID: string }) => model.revoke(ID),
      leaseTimeToLive: async ({ ID }: { ID: string }) => model.remaining(ID),
      leaseKeepAlive: async () =>
        stream((opened, { ID }: { ID: string }) => void setImmediate(() => opened.emit("data", model.renew(ID)))),
    },
    watchClient: { watch: async () => stream(watch) },
    close: () => {
      for (const watcher of watchers) model.unwatch(watcher);
    },
  };
  return client as unknown as EtcdClient;
}

interface Created {
  readonly create_request: { readonly key: Buffer; readonly range_end: Buffer; readonly start_revision: number };
}

/** Damages a text that may have been damaged before. */
function damaged(text: string, random: Random): string {
  try {
    return damagedText(text, random);
  } catch {
    return damagedBytes(Buffer.from(text), random).toString();
  }
}

/** Does to etcd's content what another program, an older one or a person with a text editor may do. */
function strike(model: EtcdModel, random: Random): void {
  const found = model.below(PREFIX);
  const { key, value } = random.pick(found);
  const ways = [
    () => model.set(key, damaged(value, random)),
    () => model.set(key, damaged(value, random)),
    () => model.set(key, undefined),
    () => model.set(damaged(key, random).replaceAll("\0", "0") || "x", value),
    () => model.set(key, random.pick(found).value),
    () => ask(model, random),
  ];
  random.pick(ways)();
}

/** Asks a damaged question. */
function ask(model: EtcdModel, random: Random): void {
  const { ID } = model.grant(60);
  const question = damaged(JSON.stringify(random.pick(QUESTIONS)), random);
  for (const { key, value } of messageWrites(KEYS.key("ask", ID), question, { by: "a" }, ID))
    model.set(key, random.below(4) === 0 ? damaged(value!, random) : value);
}

/** Writes of a change that has come through etcd what a daemon has in its audit log. */
function recorded({ by, through, call, punts, error }: AskedChange): string {
  const names = punts.map(({ cnf, key = "", label = "" }) => idText({ cnf, key, label }));
  return [by, through, call.toUpperCase(), ...names, error?.message].join(" ");
}

const request = (cnf: string): PuntRequestInput => ({ type: "SPAN", cnf, interconnect: "MEMIF", vppInterface: "eth0" });

class Parties {
  readonly model = new EtcdModel({
    get now() {
      return performance.now();
    },
    note: () => {},
  } as unknown as Schedule);
  readonly #closings: (() => Promise<unknown>)[] = [];

  constructor(readonly vpp: EmbeddedVpp) {}

  #etcd(): Etcd {
    return Etcd.over(clientOf(this.model), { endpoints: ["http://127.0.0.1:2379"], prefix: PREFIX, timeout: 500 });
  }

  /** Starts a daemon's punts and sessions. */
  async daemon(name: string): Promise<ClusterPunts> {
    const vpp = await Vpp.connect({ socketPath: this.vpp.apiSocket });
    const punts = await ClusterPunts.start({
      cluster: { endpoints: "http://127.0.0.1:2379", host: "h1", name, lease: 4 },
      connect: async () => this.#etcd(),
      manager: {
        ...{ vpp, host: new EmulatedHost(this.vpp), memifDirectory: join(this.vpp.directory, "memif") },
        retry: { firstDelay: 5, longestDelay: 20 },
      },
      ...{ state: undefined, addresses: [`/run/${name}.sock`], problem: () => {} },
    });
    punts.on("asked", recorded);
    namesOf(punts);
    snapshotsOf(punts);
    const memory = sessionsInEtcd(punts.kept);
    const sessions = new Sessions({ memory, delete: (id) => punts.delete(id), problem: () => {} });
    punts.on("role", (role) => role === "leader" && void sessions.load().catch(() => {}));
    this.#closings.unshift(async () => {
      await sessions.close();
      await punts.close();
      await vpp.close();
    });
    return punts;
  }

  operator(): EtcdPunts {
    const etcd = this.#etcd();
    this.#closings.unshift(async () => etcd.close());
    return new EtcdPunts(etcd, { host: "h1", by: () => "an operator" });
  }

  async close(): Promise<void> {
    for (const close of this.#closings) await within("the end of a party", LONGEST_MS, close());
  }
}

/** Takes one step of a CNF or an operator. It may wait for a daemon that acts. */
function step(punts: ClusterPunts, operator: EtcdPunts, random: Random): unknown {
  const wish = request(random.pick(["a", "b"]));
  const ways = [
    () => punts.add(wish),
    () => punts.delete(wish),
    () => punts.list(),
    () => operator.list(),
    () => operator.leader(),
    () => JSON.stringify(punts.standing),
  ];
  return random.pick(ways)();
}

async function isLeader(punts: ClusterPunts): Promise<void> {
  while (punts.role !== "leader") await new Promise((resolve) => punts.once("role", resolve));
}

/** Runs a daemon, and then a second one, over records that others damage. They may refuse by name, and must neither throw something else nor hang. */
export async function lyingEtcd(random: Random): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-fuzz-"));
  const vpp = await EmbeddedVpp.start({ directory: folder, interfaces: ["eth0", "eth1"] });
  const parties = new Parties(vpp);
  const made: Promise<void>[] = [];
  const pause = () => sleep(random.below(4));
  try {
    const first = await parties.daemon("first");
    const operator = parties.operator();
    await within("the first lead", LONGEST_MS, isLeader(first));
    await first.add(request("a"));
    for (let n = 0; n < STEPS; n++) {
      strike(parties.model, random);
      made.push(refusable(() => step(first, operator, random)));
      await pause();
    }
    const second = await parties.daemon("second");
    made.push(refusable(() => step(second, operator, random)));
    await pause();
    await within("the end of the first daemon", LONGEST_MS, first.close());
    made.push(refusable(() => step(second, operator, random)));
    await sleep(20);
  } finally {
    await parties.close();
    await within("calls after the end", LONGEST_MS, Promise.all(made));
    await vpp.close();
    await rm(folder, { recursive: true, force: true });
  }
}
