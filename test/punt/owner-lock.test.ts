// Two managers of one owner on one VPP: VPP is the lock, and the kernel frees it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Vpp } from "../../lib/binapi/index.js";
import { MemoryStore, PuntManager, type PuntManagerOptions, type VppConnection } from "../../lib/punt/index.js";
import { need } from "../support/need.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf } from "../support/punt/punts.js";

const id = { cnf: "cnf", key: "key", label: "SPAN" };
const request = puntOf("SPAN", { cnf: "cnf", key: "key", interconnect: "MEMIF", subject: 0, unique: 0 });

function optionsOf(it: ManagedVpp, vpp: VppConnection = it.client): PuntManagerOptions {
  const memifDirectory = join(it.directory, "memif");
  return { vpp, host: it.host, store: new MemoryStore(), memifDirectory, retry: { firstDelay: 20, longestDelay: 200 } };
}

async function withVpp(work: (it: ManagedVpp) => Promise<void>): Promise<void> {
  const it = await managedVpp();
  await it.manager.close();
  try {
    await work(it);
  } finally {
    await it.close();
  }
}

/** Starts a manager in a process of its own. */
async function holder({ vpp, directory }: ManagedVpp, under: readonly string[] = []): Promise<ChildProcess> {
  const lib = (name: string) => JSON.stringify(new URL(`../../lib/${name}/index.js`, import.meta.url).href);
  const code = `
    import { Vpp } from ${lib("binapi")};
    import { PuntManager } from ${lib("punt")};
    const vpp = await Vpp.connect({ socketPath: ${JSON.stringify(vpp.apiSocket)} });
    await PuntManager.start({ vpp, memifDirectory: ${JSON.stringify(join(directory, "memif"))} });
    console.log("started");`;
  const [program, ...args] = [...under, process.execPath, "--input-type=module", "-e", code];
  const child = spawn(program!, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

function isRefused(t: ExecutionContext, start: Promise<unknown>, pid: number | undefined): Promise<unknown> {
  return t.throwsAsync(start, { code: "ERR_OWNER_BUSY", message: new RegExp(`process ${pid} .* the owner vpp-punt `) });
}

test("a manager is refused while another process manages the same owner's punts, and takes over once that is killed", (t) =>
  withVpp(async (it) => {
    const child = await holder(it);
    await isRefused(t, PuntManager.start(optionsOf(it)), child.pid);
    await isRefused(t, PuntManager.adopt(optionsOf(it), [request]), child.pid);
    await kill(child);
    const manager = await PuntManager.start(optionsOf(it));
    t.is((await manager.add(request)).state, "CREATED");
    await manager.close();
  }));

test("a manager that only looks takes no lock for its report of devices", (t) =>
  withVpp(async (it) => {
    const hasLock = async () => /punts:/.test((await it.client.call("cli_inband", { cmd: "show api clients" })).reply);
    // VPP notices the end of the first manager a moment late.
    while (await hasLock());
    const reader = await PuntManager.start({ ...optionsOf(it), readOnly: true });
    await reader.devices();
    t.false(await hasLock());
    await reader.close();
  }));

test("readers and managers of other owners work beside a manager", (t) =>
  withVpp(async (it) => {
    const child = await holder(it);
    const reader = await PuntManager.start({ ...optionsOf(it), readOnly: true });
    await reader.resync();
    const other = await PuntManager.start({
      ...optionsOf(it),
      owner: "other",
      memifDirectory: `${it.directory}/other`,
    });
    t.is((await other.add(request)).state, "CREATED");
    await other.close();
    await reader.close();
    await kill(child);
  }));

need("root", "unshare").test(
  "a manager in other namespaces, with a number that this process has too, keeps a second one out",
  (t) =>
    withVpp(async (it) => {
      const child = await holder(it, ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]);
      await isRefused(t, PuntManager.start(optionsOf(it)), 1);
      await kill(child);
      await (await PuntManager.start(optionsOf(it))).close();
    }),
);

test("of managers that start at once, one has VPP", (t) =>
  withVpp(async (it) => {
    for (let round = 0; round < 5; round++) {
      const started = await Promise.allSettled(Array.from({ length: 8 }, () => PuntManager.start(optionsOf(it))));
      const managers = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      t.is(managers.length, 1);
      for (const result of started) t.true(result.status === "fulfilled" || result.reason.code === "ERR_OWNER_BUSY");
      await managers[0]!.close();
    }
  }));

test("a manager that VPP's other manager precedes changes nothing, says so, and goes on when that one ends", (t) =>
  withVpp(async (it) => {
    const late = new LateClient(it.client);
    const waiting = await PuntManager.start(optionsOf(it, late));
    const first = await PuntManager.start(optionsOf(it));
    t.is((await first.add(request)).state, "CREATED");
    late.arrive();
    const refusal = await t.throwsAsync(waiting.add(request), { code: "ERR_OWNER_BUSY" });
    t.regex(refusal!.message, /cnf\/key\/SPAN FAILED: .*owner vpp-punt/);
    await t.throwsAsync(waiting.resync(), { code: "ERR_OWNER_BUSY" });
    await first.resync();
    t.is(first.get(id)!.state, "CREATED");
    const created = new Promise<void>((resolve) => {
      waiting.on("state", ({ to }) => to === "CREATED" && resolve());
    });
    await first.close();
    await created;
    await waiting.close();
  }));

test("after a restart of VPP, its manager has it again", (t) =>
  withVpp(async (it) => {
    const manager = await PuntManager.start(optionsOf(it));
    await it.restartVpp();
    await manager.resync();
    await isRefused(t, PuntManager.start(optionsOf(it)), process.pid);
    await manager.close();
  }));

test("managers of one election leave it to the election, and keep others out", (t) =>
  withVpp(async (it) => {
    const elected = (election: string) => ({ ...optionsOf(it, new LateClient(it.client, election).arrive()) });
    const leader = await PuntManager.start(elected("host a"));
    const next = await PuntManager.start(elected("host a"));
    await isRefused(t, PuntManager.start(elected("host b")), process.pid);
    await isRefused(t, PuntManager.start(optionsOf(it)), process.pid);
    await leader.close();
    await next.close();
  }));

/** A connection that is not there yet. */
class LateClient implements VppConnection {
  #isHere = false;
  #arrived = () => {};
  readonly #client: Vpp;

  constructor(
    client: Vpp,
    readonly election?: string,
  ) {
    this.#client = client;
  }

  arrive(): this {
    this.#isHere = true;
    this.#arrived();
    return this;
  }

  get isConnected(): boolean {
    return this.#isHere && this.#client.isConnected;
  }

  get endpoint(): string {
    return this.#client.endpoint;
  }

  readonly has: VppConnection["has"] = (name) => this.#client.has(name);
  readonly call: VppConnection["call"] = (name, ...rest) => this.#client.call(name, ...rest);
  readonly dumpAll: VppConnection["dumpAll"] = (name, ...rest) => this.#client.dumpAll(name, ...rest);
  readonly subscribe: VppConnection["subscribe"] = (...all) => this.#client.subscribe(...all);
  readonly off: VppConnection["off"] = () => this;

  on(event: "connected" | "disconnected", listener: () => void): this {
    if (event === "connected") this.#arrived = listener;
    return this;
  }
}
