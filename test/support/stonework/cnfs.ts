// CNFs of StoneWork's kind as processes of their own, and an orchestrator for them over an embedded VPP.
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { type StoneWorkOptions, StoneWorkOrchestrator } from "../../../lib/stonework/index.js";
import { type ManagedVpp, managedVpp } from "../punt/managed-vpp.js";

/** A call that a CNF has got, as it printed it. */
export interface Call {
  readonly call: string;
  readonly state?: string;
  readonly model?: string;
  readonly name?: string;
  readonly value?: Readonly<Record<string, unknown>> | null;
  readonly type?: string;
  readonly metadata?: {
    readonly interconnects: readonly {
      readonly cnfInterface: Readonly<Record<string, unknown>>;
      readonly shared?: boolean;
    }[];
  };
  readonly refused?: boolean;
}

export class PythonCnf extends EventEmitter<{ call: [] }> {
  readonly calls: Call[] = [];
  readonly #process: ChildProcess;

  constructor(options: object) {
    super();
    const args = ["test/support/stonework/cnf.py", JSON.stringify(options)];
    this.#process = spawn("/usr/bin/python3", args, { stdio: ["ignore", "pipe", "inherit"] });
    createInterface(this.#process.stdout!).on("line", (line) => {
      this.calls.push(JSON.parse(line));
      this.emit("call");
    });
  }

  /** The calls in short: `INIT`, `mock1.mock-type/89`, `-linux.interfaces.interface/tap-x` for a deletion. */
  get heard(): string[] {
    return this.calls.flatMap(({ call, state, model, name, value }) => {
      if (call === "UpdatePuntState") return [state!];
      return call === "SetConfig" ? [`${value === null ? "-" : ""}${model}/${name}`] : [];
    });
  }

  /** Resolves when the condition holds for what was called. */
  async until(condition: (cnf: this) => boolean): Promise<void> {
    while (!condition(this)) await once(this, "call");
  }

  /** Resolves when the CNF has heard `word`, `times` times. */
  hears(word: string, times = 1): Promise<void> {
    return this.until(({ heard }) => heard.filter((each) => each === word).length >= times);
  }

  /** Stops the process, or lets it go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(name);
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }
}

/** A network between the orchestrator and a CNF. */
export class Network {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #isCut = false;

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const each of [near, far]) {
        this.#open.add(each);
        each.on("error", () => {}).on("close", () => this.#open.delete(each));
      }
      if (this.#isCut) near.destroy();
      else near.pipe(far).pipe(near);
    });
  }

  static async to(port: number): Promise<Network> {
    const network = new Network(port);
    await once(network.#server.listen(0, "127.0.0.1"), "listening");
    return network;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(isCut: boolean): void {
    this.#isCut = isCut;
    if (isCut) for (const each of this.#open) each.destroy();
  }

  close(): void {
    this.cut(true);
    this.#server.close();
  }
}

export interface Stage extends ManagedVpp {
  orchestrator: StoneWorkOrchestrator;
  /** StoneWork's directory. */
  readonly stonework: string;
  cnf(label: string, kind: "mock1" | "mock2" | "plain", hang?: readonly string[], refuse?: number): Promise<PythonCnf>;
  /** The same, behind a network that can be cut. */
  farCnf(label: string, kind: "mock1" | "mock2"): Promise<{ cnf: PythonCnf; network: Network }>;
  /** Another orchestrator in the place of this one. */
  restartOrchestrator(): Promise<void>;
}

/** Resolves with what a CNF announces, once the CNF has written all of the file. */
async function announced(path: string): Promise<{ readonly "grpc-port": number }> {
  for (;;) {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    if (text.endsWith("}")) return JSON.parse(text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Everything is closed when the test ends. */
export async function stage(
  t: ExecutionContext,
  options: (directory: string) => StoneWorkOptions = () => ({}),
): Promise<Stage> {
  const managed = await managedVpp();
  const stonework = join(managed.directory, "stonework");
  mkdirSync(join(stonework, "discovery"), { recursive: true });
  const start = () =>
    StoneWorkOrchestrator.start({
      ...{ punts: managed.manager, directory: stonework, address: "127.0.0.1", host: "127.0.0.1" },
      ...{ grpcPort: 0, httpPort: 0, ...options(managed.directory) },
    });
  const cnfs: PythonCnf[] = [];
  t.teardown(async () => {
    await Promise.all(cnfs.map((cnf) => cnf.end()));
    await managed.close();
  });
  const one: Stage = Object.assign(managed, {
    orchestrator: await start(),
    stonework,
    async cnf(label: string, kind: string, hang: readonly string[] = [], refuse = 0) {
      const cnf = new PythonCnf({ label, kind, hang, refuse, directory: stonework });
      cnfs.push(cnf);
      await cnf.until(({ calls }) => calls.length > 0);
      return cnf;
    },
    async farCnf(label: string, kind: string) {
      const far = join(managed.directory, "far");
      mkdirSync(join(far, "discovery"), { recursive: true });
      const cnf = new PythonCnf({ label, kind, hang: [], directory: far });
      cnfs.push(cnf);
      const file = join("discovery", `${label}.pid`);
      const place = await announced(join(far, file));
      const network = await Network.to(place["grpc-port"]);
      t.teardown(() => network.close());
      writeFileSync(join(stonework, `${file}.new`), JSON.stringify({ ...place, "grpc-port": network.port }));
      renameSync(join(stonework, `${file}.new`), join(stonework, file));
      await cnf.until(({ calls }) => calls.length > 0);
      return { cnf, network };
    },
    async restartOrchestrator() {
      await one.orchestrator.close();
      one.orchestrator = await start();
    },
  });
  // Before the CNFs and VPP: AVA takes the last first.
  t.teardown(() => one.orchestrator.close());
  return one;
}
