// Both ways of StoneWork at once, in processes of their own, on a real VPP: our daemon as the agent, and our module as its CNF without any
// right. Each of the three is killed and comes back; packets of a mirror reach the CNF all the time.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { Memif } from "../../lib/memif/index.js";
import { main } from "../support/cli/command.js";
import { type Netns, until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { PythonCnf } from "../support/stonework/cnfs.js";
import type { RealVpp } from "../support/vpp/real.js";
import { Scenario } from "../support/vpp/scenario.js";

const NOBODY = 65_534;
const USER = ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"];
const KEY = "config/vpppunt/v1/punt/probe";

interface Heard {
  readonly event: string;
  readonly state?: string;
  readonly key?: string;
  readonly set?: boolean;
  readonly metadata?: {
    readonly interconnects: readonly { attachment: { socket: string; id: number; secret: string } }[];
  };
}

/** A command of the package, with what it prints. */
class Command {
  readonly heard: Heard[] = [];
  log = "";
  readonly #process: ChildProcess;

  constructor(t: ExecutionContext, args: readonly string[], user: readonly string[] = []) {
    const command = ["setpriv", "--pdeathsig", "KILL", ...user, process.execPath, main, ...args];
    this.#process = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
    createInterface(this.#process.stdout!).on("line", (line) => this.heard.push(JSON.parse(line)));
    this.#process.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
    t.teardown(() => this.end("SIGKILL"));
  }

  /** The events in short, such as `INIT` or `+config/...`. */
  get words(): string[] {
    return this.heard.map(
      ({ event, state, key, set }) => state ?? (event === "item" ? `${set ? "+" : "-"}${key}` : event),
    );
  }

  async says(word: string, from = 0): Promise<void> {
    await until(
      word,
      () => this.words.indexOf(word, from) >= 0,
      () => `${this.words}\n${this.log}`,
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill(signal);
    await ended;
  }
}

/** The CNF's end of the mirror. */
class Mirror {
  readonly #port: Memif;
  #packets = 0;

  constructor(t: ExecutionContext, { metadata }: Heard) {
    const { socket, id, secret } = metadata!.interconnects[0]!.attachment;
    this.#port = Memif.open({ role: "client", socket, id, secret });
    t.teardown(() => this.#port.close());
    this.#port.receive((batch) => {
      this.#packets += batch.length;
    });
  }

  /** Waits for a packet that came in after the call. */
  async sees(host: Netns): Promise<void> {
    const before = this.#packets;
    await until("a packet of the mirror", async () => {
      await host.ping("10.8.0.1", 1);
      return this.#packets > before;
    });
  }
}

/** A daemon's file of options, for StoneWork's folder `sw` beside VPP's sockets. */
function daemonFile(vpp: RealVpp, more: object = {}): string {
  const at = (...names: string[]) => join(vpp.directory, ...names);
  chmodSync(vpp.directory, 0o755);
  for (const name of ["sw", "sw/discovery"]) mkdirSync(at(name));
  const stonework = { directory: at("sw"), config: at("cnfs.yaml"), grpcPort: 0, httpPort: 0, ...more };
  const manager = { owner: `sw${process.pid}`, resyncInterval: 1_000, retry: { firstDelay: 100 } };
  const paths = { socket: at("m.sock"), socketDirectory: at("sockets"), vppSocket: vpp.apiSocket, state: at("state") };
  writeFileSync(at("daemon.yaml"), JSON.stringify({ ...paths, stonework, manager }));
  return at("daemon.yaml");
}

need("root", "vpp", "hosts", "setpriv").test.serial(
  "a module under our daemon, over kill -9 of each side and of VPP",
  async (t) => {
    const { network, vpp, client } = await Scenario.start(t);
    const { host, vppInterface } = await network.neighbor("10.8.0");
    const at = (...names: string[]) => join(vpp.directory, ...names);
    const file = daemonFile(vpp);
    mkdirSync(at("own"));
    for (const name of ["sw/discovery", "own"]) chownSync(at(name), NOBODY, NOBODY);
    const request = { puntType: "SPAN", interconnectType: "MEMIF", span: { vppInterface } };
    const configured = (list: object[]) =>
      writeFileSync(at("cnfs.yaml"), JSON.stringify({ vpppuntConfig: { Punt_list: list } }));
    configured([{ name: "probe", request }]);
    const startDaemon = () => new Command(t, ["daemon", "--config", file]);
    const options = [
      "--label",
      "mycnf",
      "--directory",
      at("sw"),
      "--address",
      "127.0.0.1",
      "--state",
      at("own/state.json"),
    ];
    const startModule = () => new Command(t, ["module", "--stonework", ...options, "--json"], USER);

    let daemon = startDaemon();
    const first = startModule();
    await first.says("CREATED");
    t.deepEqual(first.words.slice(0, 5), ["listens", "discovered", "INIT", `+${KEY}`, "CREATED"]);
    const created = first.heard.find(({ state }) => state === "CREATED")!;
    const mirror = new Mirror(t, created);
    await mirror.sees(host);

    await daemon.end("SIGKILL");
    await mirror.sees(host);
    daemon = startDaemon();
    const known = first.words.length;
    await first.says("CREATED", known);
    t.deepEqual(first.words.slice(known, known + 2), ["discovered", "INIT"]);
    t.deepEqual(first.heard.at(-1)?.metadata, created.metadata);
    await mirror.sees(host);

    await first.end("SIGKILL");
    await mirror.sees(host);
    const second = startModule();
    await second.says("discovered");
    await second.says("CREATED", second.words.indexOf("discovered"));
    t.deepEqual(second.words.slice(0, 2), ["listens", "CREATED"], "it knows its punt before the agent has found it");
    t.deepEqual(second.heard[1], created);

    await vpp.restart("SIGKILL");
    await network.restore();
    await second.says("DELETED");
    await second.says("CREATED", second.words.indexOf("DELETED"));
    t.deepEqual(second.heard.at(-1)?.metadata, created.metadata);
    await mirror.sees(host);

    configured([]);
    daemon.signal("SIGHUP");
    await second.says("DELETED", second.words.lastIndexOf("CREATED"));
    t.deepEqual(second.words.slice(-2), [`-${KEY}`, "DELETED"]);
    await until("no memif", async () => (await client.dumpAll("memif_dump", {})).length === 0);
  },
);

need("root", "vpp", "hosts", "setpriv", "plugin:abx", "python-grpc").test.serial(
  "mockcnf1 and mockcnf2 under the daemon: their TAP answers pings, over kill -9 of the daemon and of a CNF",
  async (t) => {
    const { network, vpp, client } = await Scenario.start(t);
    const { host, vppInterface } = await network.neighbor("10.8.1");
    const netns = { name: (await network.host()).name };
    const file = daemonFile(vpp, { netns: { mockcnf1: netns, mockcnf2: netns } });
    const lists = {
      mock1Config: { MockCnf1_list: [{ ipProtocol: 1, vppInterface }] },
      mock2Config: { MockCnf2_list: [{ vppInterface }] },
    };
    const config = join(vpp.directory, "cnfs.yaml");
    writeFileSync(config, JSON.stringify(lists));
    let daemon = new Command(t, ["daemon", "--config", file]);
    const cnf = (label: string, kind: string) => {
      const started = new PythonCnf({ label, kind, hang: [], directory: join(vpp.directory, "sw") });
      t.teardown(() => started.end());
      return started;
    };
    const [one, two] = [cnf("mockcnf1", "mock1"), cnf("mockcnf2", "mock2")];
    await Promise.all([one.hears("CREATED"), two.hears("CREATED")]);
    const device = one.calls.at(-1)!.metadata!.interconnects[0]!.cnfInterface;
    t.deepEqual(two.calls.at(-1)!.metadata!.interconnects[0]!.cnfInterface, device);
    const isAnswered = () => until("answers of the TAP", async () => (await host.ping("10.8.1.1")) === 3);
    await isAnswered();
    await daemon.end("SIGKILL");
    await isAnswered();
    daemon = new Command(t, ["daemon", "--config", file]);
    await Promise.all([one.hears("CREATED", 2), two.hears("CREATED", 2)]);
    t.true(one.calls.some(({ refused }) => refused));
    await one.end();
    const next = cnf("mockcnf1", "mock1");
    await next.hears("CREATED");
    t.deepEqual(next.calls.at(-1)!.metadata!.interconnects[0]!.cnfInterface, device);
    await isAnswered();
    writeFileSync(config, "");
    daemon.signal("SIGHUP");
    await Promise.all([next.hears("DELETED"), two.hears("DELETED")]);
    await until("no ABX", async () => (await client.dumpAll("abx_policy_dump", {})).length === 0);
  },
);
