// A VPP and a daemon in processes of their own, an operator, and the promises that the daemon gave him.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Vpp } from "../../../lib/binapi/index.js";
import { PuntError } from "../../../lib/errors.js";
import { RemotePunts } from "../../../lib/module/remote/index.js";
import type { PuntRequestInput, PuntStatus, PuntType } from "../../../lib/punt/index.js";
import { EmbeddedVpp, type SpawnedVpp } from "../../../lib/sim/index.js";
import { programPath } from "../../support/program.js";
import { puntOf } from "../../support/punt/punts.js";
import { snapshot } from "../../support/vpp/snapshot.js";
import { expectSame, idOf } from "../choice.js";
import { cards } from "../history.js";
import { Operator } from "../operator.js";
import { within } from "../settling.js";

const child = programPath("test/support/daemon/daemon-process.js");
const TYPES: readonly PuntType[] = ["SPAN", "PUNT_TO_SOCKET", "ABX"];
/** Milliseconds for one wait on a busy machine. A longer one hangs. */
const LONGEST = 120_000;

/** Errors of the store: the change is not made, and the state before stays. */
const OF_STORE = new Set(["ENOSPC", "EROFS", "EMFILE", "EIO"]);

/** Whether a punt is there; undefined: the answer to a change was lost. */
type Known = boolean | undefined;

export interface Answer {
  readonly op: "add" | "delete";
  /** The error's code; "" for a change that was made. */
  readonly code: string;
  readonly message: string;
}

export interface DaemonStart {
  /** Of a place with several daemons. */
  readonly name?: string;
  /** Options of the daemon besides those of the place. */
  readonly options?: object;
  /** A program that starts the daemon, with its arguments. */
  readonly command?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Its standard error; undefined: this process's. */
  readonly onError?: (text: string) => void;
}

/** A VPP that can be killed, and started again with the same paths. */
export interface PlaceVpp {
  readonly apiSocket: string;
  readonly alive: boolean;
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface PlaceOptions<V extends PlaceVpp> {
  readonly random: () => number;
  /** Starts VPP, in the folder if it needs one. */
  readonly startVpp: (directory: string) => Promise<V>;
  /** Whether the operator creates the cards, for a VPP that has none. */
  readonly makesCards?: boolean;
  /** Configures more of a VPP that has just started. */
  readonly configure?: (client: Vpp, directory: string) => Promise<void>;
}

export class Place<V extends PlaceVpp = SpawnedVpp> {
  readonly directory: string;
  readonly vpp: V;
  readonly client: Vpp;
  readonly punts: RemotePunts;
  readonly #random: () => number;
  readonly #operator: Operator;
  readonly #known = new Map<string, Known>();
  /** The changes of each punt, with their answers. */
  readonly #told = new Map<string, string[]>();
  readonly #requests: readonly PuntRequestInput[];
  readonly #options: PlaceOptions<V>;
  #untouched: readonly string[] = [];
  /** The daemons by name, dead ones too. */
  readonly #daemons = new Map<string, { readonly process: ChildProcess; readonly options: object }>();

  /** A place with an embedded VPP. */
  static start(random: () => number): Promise<Place> {
    const startVpp = (directory: string) => EmbeddedVpp.spawn({ directory: join(directory, "vpp"), interfaces: cards });
    return Place.with({ random, startVpp });
  }

  static async with<V extends PlaceVpp>(options: PlaceOptions<V>): Promise<Place<V>> {
    const directory = await mkdtemp(join(tmpdir(), "vpp-punt-machine-"));
    for (const name of ["vpp", "state", "run"]) await mkdir(join(directory, name));
    const vpp = await options.startVpp(directory);
    const client = await Vpp.connect({ socketPath: vpp.apiSocket, wait: true, reconnect: { min: 2, max: 20 } });
    const place = new Place(directory, vpp, client, options);
    await place.#configure();
    place.#untouched = await snapshot(client);
    return place;
  }

  private constructor(directory: string, vpp: V, client: Vpp, options: PlaceOptions<V>) {
    this.directory = directory;
    this.vpp = vpp;
    this.client = client;
    this.#options = options;
    this.#random = options.random;
    this.punts = new RemotePunts({ socket: this.socket });
    this.#operator = new Operator(client, cards, directory, options.makesCards);
    const folder = join(directory, "vpp/sockets");
    this.#requests = TYPES.flatMap((type) =>
      [0, 1, 2].map((subject) =>
        puntOf(type, { cnf: `cnf${subject}`, interconnect: "MEMIF", subject, unique: subject, folder }),
      ),
    );
  }

  get socket(): string {
    return join(this.directory, "run/manager.sock");
  }

  get state(): string {
    return join(this.directory, "state");
  }

  get daemon(): ChildProcess {
    return this.daemonOf("");
  }

  /** The process of a daemon that runs, or ran last. */
  daemonOf(name: string): ChildProcess {
    return this.#daemons.get(name)!.process;
  }

  /** Starts a daemon. @throws an Error if it ends instead */
  async startDaemon({ name = "", options = {}, command = [], env = {}, onError }: DaemonStart = {}): Promise<void> {
    const all = {
      ...{ socket: this.socket, vppSocket: this.vpp.apiSocket, state: join(this.state, name) },
      socketDirectory: join(this.directory, "vpp/sockets"),
      manager: {
        memifDirectory: join(this.directory, "vpp/memif"),
        resyncInterval: 500,
        retry: { firstDelay: 10, longestDelay: 100 },
      },
      ...options,
    };
    const [program, ...args] = [...command, process.execPath, child, JSON.stringify(all)];
    const daemon = spawn(program!, args, {
      stdio: ["ignore", "ignore", onError === undefined ? "inherit" : "pipe", "ipc"],
      env: { ...process.env, ...env },
    });
    daemon.stderr?.setEncoding("utf8").on("data", onError!);
    this.#daemons.set(name, { process: daemon, options });
    const ended = once(daemon, "close").then(() => {
      throw new Error("the daemon ended at its start");
    });
    await within("the daemon's start", LONGEST, Promise.race([ended, once(daemon, "message")]));
    ended.catch(() => {});
  }

  async killDaemon(signal: NodeJS.Signals = "SIGKILL", name = ""): Promise<void> {
    const daemon = this.#daemons.get(name)?.process;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, "exit");
    daemon.kill(signal);
    await ended;
  }

  /** Asks for changes of several punts at once. Resolves with the answers; a call that has none after `longest` milliseconds hangs. */
  async operate(count: number, longest = LONGEST): Promise<Answer[]> {
    const chosen = new Set<PuntRequestInput>();
    while (chosen.size < Math.min(count, this.#requests.length))
      chosen.add(this.#requests[Math.floor(this.#random() * this.#requests.length)]!);
    const answers: Answer[] = [];
    const work = [...chosen].map(async (request) => void answers.push(await this.#change(request)));
    await within(`answers to ${count} changes`, longest, Promise.all(work));
    return answers;
  }

  async #change(request: PuntRequestInput): Promise<Answer> {
    const id = JSON.stringify(idOf(request));
    const before = this.#known.get(id) ?? false;
    const op = this.#random() < 0.6 ? "add" : "delete";
    this.#known.set(id, undefined);
    const asked = new Date().toISOString();
    const work = op === "add" ? this.punts.add(request) : this.punts.delete(idOf(request));
    const error = await work.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    const told = this.#told.get(id) ?? [];
    this.#told.set(id, [...told.slice(-4), `${op} at ${asked}: ${(error as Error)?.message ?? "done"}`]);
    if (error === undefined) this.#known.set(id, op === "add");
    else if (!(error instanceof PuntError)) throw error;
    // Keeps the change that VPP or Linux refused to carry out: the store has it.
    else if (error.op === "punt.reconcile") this.#known.set(id, op === "add");
    else if (OF_STORE.has(error.code)) this.#known.set(id, before);
    else if (error.code === "ERR_NO_SUCH_PUNT") this.#known.set(id, false);
    return { op, code: error?.code ?? "", message: error?.message ?? "" };
  }

  /** Waits until nothing is left to do, and checks the promises. */
  async settle(): Promise<void> {
    let last = "";
    let list: readonly PuntStatus[] = [];
    const isSettled = async () => {
      const { steps } = await this.punts.plan({});
      list = await this.punts.list();
      last = JSON.stringify([steps, list.map(({ id, state, failure }) => [id, state, failure?.message])]);
      return steps.length === 0 && list.every(({ state }) => ["CREATED", "PENDING", "DEGRADED"].includes(state));
    };
    const settled = async () => {
      const note = ({ message }: Error) => {
        last = message;
        return false;
      };
      while (!(await isSettled().catch(note))) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const ends = () =>
      [...this.#daemons.values()].map(({ process: { exitCode, signalCode } }) => exitCode ?? signalCode);
    const text = () => `daemons ended by ${ends()}; VPP alive: ${this.vpp.alive}, last look: ${last}`;
    await within("settling", LONGEST, settled(), text);
    const there = new Set(list.map(({ id }) => JSON.stringify(id)));
    for (const [id, known] of this.#known) {
      const history = this.#told.get(id)?.join("; ");
      if (known === true && !there.has(id)) throw new Error(`punt ${id} was added, and is gone: ${history}`);
      if (known === false && there.has(id))
        throw new Error(`punt ${id} was deleted or refused, and is there: ${history}`);
      this.#known.set(id, there.has(id));
    }
  }

  /** Checks that the promises hold, before and after the daemon was killed, and that VPP equals a VPP that was configured at once. */
  async verify(): Promise<void> {
    await this.settle();
    const reached = await snapshot(this.client);
    const daemons = [...this.#daemons];
    for (const [name] of daemons) await this.killDaemon("SIGKILL", name);
    await this.restartVpp();
    for (const [name, { options }] of daemons) await this.startDaemon({ name, options });
    await this.settle();
    expectSame("a VPP that was configured at once", await snapshot(this.client), "the", reached);
  }

  /** Kills VPP and starts another, with what its operator configures. */
  async restartVpp(): Promise<void> {
    await this.vpp.kill();
    await this.vpp.start();
    await this.client.connected();
    await this.#configure();
  }

  async #configure(): Promise<void> {
    await this.#operator.apply();
    await this.#options.configure?.(this.client, this.directory);
  }

  /** Deletes all punts; nothing may be left. */
  async end(): Promise<void> {
    await this.punts.apply({ punts: [], delete: (await this.punts.list()).map(({ id }) => id) }, { keep: true });
    for (const id of this.#known.keys()) this.#known.set(id, false);
    await this.settle();
    expectSame("a VPP that no daemon ever saw", this.#untouched, "the emptied", await snapshot(this.client));
    const files = await readdir(join(this.directory, "vpp/memif")).catch(() => []);
    if (files.length > 0) throw new Error(`socket files are left: ${files}`);
  }

  /** Ends all processes. */
  async abandon(): Promise<void> {
    await this.punts.close();
    for (const name of this.#daemons.keys()) await this.killDaemon("SIGKILL", name);
    await this.client.close();
    await this.vpp.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
