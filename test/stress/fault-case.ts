// One operation on one punt, repeated with a fault at each of its points. The state afterwards is as the operation's answer says.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Vpp } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import { EmulatedHost, PuntManager, type PuntRequestInput, type PuntType } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { puntOf } from "../support/punt/punts.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { expectSame, idOf } from "./choice.js";
import type { KillOrder } from "./fault-manager.js";
import {
  ANSWER_TIMEOUT,
  Fuse,
  type LocalFault,
  VPP_FAULTS,
  watchedHost,
  watchedStore,
  watchedVpp,
} from "./fault-points.js";
import { cards } from "./history.js";
import { Operator } from "./operator.js";
import { serveHost } from "./remote-host.js";
import { settings, settle, within } from "./settling.js";

const child = fileURLToPath(new URL("./fault-manager.js", import.meta.url));

export interface CaseOptions {
  readonly type: PuntType;
  readonly interconnect: "TAP" | "MEMIF";
  /** Whether a SPAN of the same CNF has an interconnect of the same kind for the same interface. */
  readonly shared: boolean;
  readonly op: "add" | "delete";
}

/** A fault, and the call that it strikes: the nth from the beginning of the operation. */
export type Point =
  | { readonly at: "vpp"; readonly fault: string; readonly nth: number }
  | { readonly at: "write" | "link"; readonly fault: LocalFault; readonly nth: number }
  | ({ readonly at: "kill" } & KillOrder);

export function textOf({ type, interconnect, shared, op }: CaseOptions): string {
  return `${op} ${type} ${interconnect}${shared ? " shared" : ""}`;
}

export class FaultCase {
  readonly #options: CaseOptions;
  readonly #directory: string;
  readonly #vpp: EmbeddedVpp;
  readonly #client: Vpp;
  readonly #operator: Operator;
  readonly #host: EmulatedHost;
  readonly #fuses = { write: new Fuse(), link: new Fuse(), message: new Fuse() };
  #manager: PuntManager | undefined;
  #managerClient: Vpp | undefined;
  #calls = { vpp: 0, write: 0, link: 0, message: 0 };
  /** VPP without the punt, and with it. */
  #without: readonly string[] = [];
  #with: readonly string[] = [];

  /** Prepares the case. Returns undefined if the two punts conflict, so that there is nothing to share. */
  static async begin(options: CaseOptions): Promise<FaultCase | undefined> {
    const directory = await mkdtemp(join(tmpdir(), "vpp-punt-faults-"));
    const vpp = await EmbeddedVpp.start({ directory, interfaces: cards });
    const client = await Vpp.connect({ socketPath: vpp.apiSocket, reconnect: { min: 2, max: 20 } });
    const made = new FaultCase(options, directory, vpp, client);
    await made.#operator.apply();
    await made.#startManager();
    const fits = await made.#prepare().catch(async (error) => {
      await made.end();
      throw error;
    });
    if (fits) return made;
    await made.end();
    return undefined;
  }

  private constructor(options: CaseOptions, directory: string, vpp: EmbeddedVpp, client: Vpp) {
    this.#options = options;
    this.#directory = directory;
    this.#vpp = vpp;
    this.#client = client;
    this.#host = new EmulatedHost(vpp);
    this.#operator = new Operator(client, cards, directory);
  }

  get #request(): PuntRequestInput {
    const { type, interconnect } = this.#options;
    return puntOf(type, { cnf: "cnf", interconnect, subject: 1, unique: 1, folder: this.#directory });
  }

  get #partner(): PuntRequestInput {
    const { type, interconnect } = this.#options;
    const place = { cnf: "cnf", label: "partner", interconnect, subject: 1, unique: 2, folder: this.#directory };
    if (type === "PUNT_TO_SOCKET")
      return {
        ...puntOf(type, { ...place, subject: 2 }),
        ...{ socketPath: `${this.#directory}/punt1.sock` },
      } as PuntRequestInput;
    return puntOf("SPAN", place);
  }

  async #startManager(): Promise<void> {
    this.#managerClient = await Vpp.connect({ ...this.#clientOptions, socketPath: this.#vpp.apiSocket });
    const { store, ...rest } = settings({ directory: this.#directory });
    const { write, link, message } = this.#fuses;
    this.#manager = await PuntManager.start({
      ...rest,
      // No look of its own interferes with the count of messages.
      resyncInterval: 600_000,
      vpp: watchedVpp(this.#managerClient, (_, work) => message.run("a change of VPP", work)),
      host: watchedHost(this.#host, (_, work) => link.run("a change of Linux", work)),
      store: watchedStore(store, (_, work) => write.run("a write of the store", work)),
    });
  }

  readonly #clientOptions = { wait: 5_000, timeout: ANSWER_TIMEOUT, reconnect: { min: 2, max: 20 } };

  async #closeManager(): Promise<void> {
    await this.#manager?.close();
    await this.#managerClient?.close();
    this.#manager = undefined;
  }

  async #prepare(): Promise<boolean> {
    const manager = this.#manager!;
    if (this.#options.shared) await manager.add(this.#partner, { waitFor: "CREATED" });
    await settle(manager);
    this.#without = await snapshot(this.#client);
    const failure = await manager.add(this.#request, { waitFor: "CREATED" }).catch((error: PuntError) => error);
    if (failure instanceof PuntError && failure.code === "ERR_CONFLICT" && this.#options.shared) return false;
    if (failure instanceof Error) throw failure;
    await settle(manager);
    this.#with = await snapshot(this.#client);
    if (this.#options.op === "add") await this.#toggle();
    await this.#count();
    return true;
  }

  /** Runs the operation without a fault. */
  async #count(): Promise<void> {
    const { write, link, message } = this.#fuses;
    const seen = () => [this.#vpp.faults.seen, write.seen, link.seen, message.seen] as const;
    const before = seen();
    await this.#operate();
    const [vpp, writes, links, messages] = seen().map((count, index) => count - before[index]!);
    this.#calls = { vpp: vpp!, write: writes!, link: links!, message: messages! };
    await this.#toggle();
  }

  /** The number of calls in the operation at which the point's fault can strike. */
  callsFor(point: Point): number {
    return this.#calls[point.at === "kill" ? point.site : point.at];
  }

  /** Brings the punt back to the state from which the operation starts. */
  async #toggle(): Promise<void> {
    const manager = this.#manager!;
    const wanted = this.#options.op === "delete";
    if (this.#isThere() === wanted) return;
    if (wanted) await manager.add(this.#request, { waitFor: "CREATED" });
    else await manager.delete(idOf(this.#request));
    await settle(manager);
    expectSame("at first", wanted ? this.#with : this.#without, "the punt's return", await snapshot(this.#client));
  }

  #isThere(): boolean {
    return this.#manager!.get(idOf(this.#request)) !== undefined;
  }

  /** Runs the operation with a fault at the point. Returns false if the operation ended before the point. */
  async strike(point: Point): Promise<boolean> {
    const { struck, promise } = point.at === "kill" ? await this.#kill(point) : await this.#operateWith(point);
    this.#vpp.faults.clear();
    if (point.at === "vpp" && point.fault === "crash" && struck) await this.#restartVpp();
    await this.#checkState(promise);
    await this.#closeManager();
    await this.#startManager();
    await this.#checkState(promise);
    await this.#toggle();
    return struck;
  }

  async #restartVpp(): Promise<void> {
    await this.#vpp.restart();
    await this.#client.connected();
    await this.#operator.apply();
  }

  async #operateWith(point: Exclude<Point, { at: "kill" }>): Promise<{ struck: boolean; promise: Promised }> {
    if (point.at === "vpp") this.#vpp.faults.add({ message: "*", nth: point.nth, action: VPP_FAULTS[point.fault]! });
    else this.#fuses[point.at].arm(point.nth, point.fault);
    const promise = await this.#operate();
    const pending = point.at === "vpp" ? this.#vpp.faults.pending > 0 : this.#fuses[point.at].disarm();
    return { struck: !pending, promise };
  }

  async #operate(): Promise<Promised> {
    const { op } = this.#options;
    const work = op === "add" ? this.#manager!.add(this.#request) : this.#manager!.delete(idOf(this.#request));
    return work.then(
      () => (op === "add" ? "there" : "gone"),
      (error) => promiseOf(op, error),
    );
  }

  async #kill(order: KillOrder): Promise<{ struck: boolean; promise: Promised }> {
    await this.#closeManager();
    const process = fork(child, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const promise = await this.#orderKill(process, order);
    await this.#startManager();
    return { struck: process.signalCode === "SIGKILL", promise };
  }

  async #orderKill(process: ChildProcess, order: KillOrder): Promise<Promised> {
    const { op } = this.#options;
    serveHost(process, this.#host);
    let promise: Promised = "either";
    process.on("message", (message: { kept?: true }) => {
      if (message.kept) promise = op === "add" ? "there" : "gone";
    });
    const ended = once(process, "exit");
    process.send({ apiSocket: this.#vpp.apiSocket, directory: this.#directory, op, request: this.#request, order });
    const [code, signal] = await ended;
    if (signal !== "SIGKILL" && code !== 0) throw new Error(`the manager ended with ${code ?? signal}`);
    return promise;
  }

  async #checkState(promise: Promised): Promise<void> {
    const manager = this.#manager!;
    await within("the manager settles", LONGEST, settle(manager), () => this.#describe());
    const there = this.#isThere();
    if (promise === "there" && !there) throw new Error("the punt is gone, although the answer says that it is there");
    if (promise === "gone" && there) throw new Error("the punt is there, although the answer says that it is not");
    const pending = manager.list().filter(({ state }) => state !== "CREATED");
    if (pending.length > 0) throw new Error(this.#describe());
    expectSame("without a fault", there ? this.#with : this.#without, "after the fault", await snapshot(this.#client));
  }

  #describe(): string {
    const line = ({ id, state, failure, missing }: ReturnType<PuntManager["list"]>[number]) =>
      `${id.label} is ${state} ${failure?.message ?? missing.map(({ text }) => text)}`;
    return this.#manager!.list().map(line).join("\n");
  }

  /** Deletes all punts. @throws an Error if something is left */
  async end(): Promise<void> {
    try {
      for (const { id } of this.#manager?.list() ?? []) await this.#manager!.delete(id);
      await this.#closeManager();
      const deleted = await snapshot(this.#client);
      await this.#restartVpp();
      expectSame("a VPP no manager ever saw", await snapshot(this.#client), "after all was deleted", deleted);
      const files = await readdir(join(this.#directory, "memif")).catch(() => []);
      if (files.length > 0) throw new Error(`socket files are left: ${files}`);
    } finally {
      await this.abandon();
    }
  }

  /** Ends a case that failed. */
  async abandon(): Promise<void> {
    await this.#closeManager().catch(() => undefined);
    await this.#client.close();
    await this.#vpp.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Milliseconds until a manager that does not settle counts as hanging. */
const LONGEST = 20_000;

type Promised = "there" | "gone" | "either";

/** Returns what an error promises: an error of the store or of the request means that nothing was done. */
function promiseOf(op: "add" | "delete", error: unknown): Promised {
  if (!(error instanceof PuntError)) throw error;
  if (error.code === "EIO" && error.message.includes("store")) return "either";
  return op === "add" ? "there" : "either";
}
