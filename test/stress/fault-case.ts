// One operation on one punt, repeated with a fault at each of its points. The state afterwards is as the operation's answer says.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Vpp } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import { type HostLink, PuntManager, type PuntRequestInput, type PuntType } from "../../lib/punt/index.js";
import { programPath } from "../support/program.js";
import { puntOf } from "../support/punt/punts.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { expectSame, idOf } from "./choice.js";
import type { KillOrder } from "./fault-manager.js";
import { Fuse, type LocalFault, watchedHost, watchedStore, watchedVpp } from "./fault-points.js";
import type { FaultyVpp } from "./faulty-vpp.js";
import { cards } from "./history.js";
import { Operator } from "./operator.js";
import { serveHost } from "./remote-host.js";
import { settings, settle, within } from "./settling.js";

const child = programPath("test/stress/fault-manager.js");

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
  readonly #vpp: FaultyVpp;
  readonly #client: Vpp;
  readonly #operator: Operator;
  readonly #fuses = { write: new Fuse(), link: new Fuse(), message: new Fuse() };
  #manager: PuntManager | undefined;
  #managerClient: Vpp | undefined;
  #calls = { vpp: 0, write: 0, link: 0, message: 0 };
  /** VPP and Linux without a manager, without the punt, and with it. */
  #untouched: readonly string[] = [];
  #without: readonly string[] = [];
  #with: readonly string[] = [];

  /** Prepares the case. Returns undefined if the two punts conflict, so that there is nothing to share. */
  static async begin(options: CaseOptions, start: () => Promise<FaultyVpp>): Promise<FaultCase | undefined> {
    const vpp = await start();
    const client = await Vpp.connect({ socketPath: vpp.apiSocket, wait: 5_000, reconnect: { min: 2, max: 20 } });
    const made = new FaultCase(options, vpp, client);
    await made.#operator.apply();
    made.#untouched = await made.#look();
    await made.#startManager();
    const fits = await made.#prepare().catch(async (error) => {
      await made.end();
      throw error;
    });
    if (fits) return made;
    await made.end();
    return undefined;
  }

  private constructor(options: CaseOptions, vpp: FaultyVpp, client: Vpp) {
    this.#options = options;
    this.#vpp = vpp;
    this.#client = client;
    this.#operator = new Operator(client, cards, vpp.directory, vpp.real);
  }

  /** Names of the faults that can strike a message. */
  get faults(): readonly string[] {
    return this.#vpp.faults;
  }

  get #request(): PuntRequestInput {
    const { type, interconnect } = this.#options;
    const request = puntOf(type, { cnf: "cnf", interconnect, subject: 1, unique: 1, folder: this.#vpp.directory });
    return request.type === "DHCP_PROXY" ? { ...request, withoutCnfVrf: !this.#vpp.hasVrf } : request;
  }

  get #partner(): PuntRequestInput {
    const { type, interconnect } = this.#options;
    const place = { cnf: "cnf", label: "partner", interconnect, subject: 1, unique: 2, folder: this.#vpp.directory };
    if (type === "PUNT_TO_SOCKET")
      return {
        ...puntOf(type, { ...place, subject: 2 }),
        ...{ socketPath: `${this.#vpp.directory}/punt1.sock` },
      } as PuntRequestInput;
    return puntOf("SPAN", place);
  }

  async #startManager(): Promise<void> {
    const { struckSocket, answerTimeout, host } = this.#vpp;
    const reconnect = { min: 2, max: 20 };
    this.#managerClient = await Vpp.connect({
      socketPath: struckSocket,
      wait: 5_000,
      timeout: answerTimeout,
      reconnect,
    });
    const { store, ...rest } = settings(this.#vpp);
    const { write, link, message } = this.#fuses;
    this.#manager = await PuntManager.start({
      ...rest,
      // No look of its own interferes with the count of messages.
      resyncInterval: 600_000,
      vpp: watchedVpp(this.#managerClient, (_, work) => message.run("a change of VPP", work)),
      host: watchedHost(host, (_, work) => link.run("a change of Linux", work)),
      store: watchedStore(store, (_, work) => write.run("a write of the store", work)),
    });
  }

  async #closeManager(): Promise<void> {
    await this.#manager?.close();
    await this.#managerClient?.close();
    this.#manager = undefined;
  }

  async #prepare(): Promise<boolean> {
    const manager = this.#manager!;
    if (this.#options.shared) await manager.add(this.#partner, { waitFor: "CREATED" });
    await settle(manager);
    this.#without = await this.#look();
    const failure = await manager.add(this.#request, { waitFor: "CREATED" }).catch((error: PuntError) => error);
    if (failure instanceof PuntError && failure.code === "ERR_CONFLICT" && this.#options.shared) return false;
    if (failure instanceof Error) throw failure;
    await settle(manager);
    this.#with = await this.#look();
    if (this.#options.op === "add") await this.#toggle();
    await this.#count();
    return true;
  }

  /** Runs the operation without a fault. */
  async #count(): Promise<void> {
    const { write, link, message } = this.#fuses;
    const seen = () => [this.#vpp.seen, write.seen, link.seen, message.seen] as const;
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

  /** Everything that VPP and Linux are configured to. */
  async #look(): Promise<string[]> {
    const [vpp, links] = await Promise.all([snapshot(this.#client), this.#vpp.host.links("")]);
    return [...vpp, ...links.map(linkText)].sort();
  }

  /** Brings the punt back to the state from which the operation starts. */
  async #toggle(): Promise<void> {
    const manager = this.#manager!;
    const wanted = this.#options.op === "delete";
    if (this.#isThere() === wanted) return;
    if (wanted) await manager.add(this.#request, { waitFor: "CREATED" });
    else await manager.delete(idOf(this.#request));
    await settle(manager);
    expectSame("at first", wanted ? this.#with : this.#without, "the punt's return", await this.#look());
  }

  #isThere(): boolean {
    return this.#manager!.get(idOf(this.#request)) !== undefined;
  }

  /** Runs the operation with a fault at the point. Returns false if the operation ended before the point. */
  async strike(point: Point): Promise<boolean> {
    const { struck, promise } = point.at === "kill" ? await this.#kill(point) : await this.#operateWith(point);
    this.#vpp.clear();
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
    if (point.at === "vpp") this.#vpp.strike(point.fault, point.nth);
    else this.#fuses[point.at].arm(point.nth, point.fault);
    const promise = await this.#operate();
    const pending = point.at === "vpp" ? this.#vpp.pending : this.#fuses[point.at].disarm();
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
    serveHost(process, this.#vpp.host);
    let promise: Promised = "either";
    process.on("message", (message: { kept?: true }) => {
      if (message.kept) promise = op === "add" ? "there" : "gone";
    });
    const ended = once(process, "exit");
    const { apiSocket, directory, real } = this.#vpp;
    process.send({ apiSocket, directory, real, op, request: this.#request, order });
    const [code, signal] = await ended;
    if (signal !== "SIGKILL" && code !== 0) throw new Error(`the manager ended with ${code ?? signal}`);
    return promise;
  }

  async #checkState(promise: Promised): Promise<void> {
    const manager = this.#manager!;
    await within("the manager settles", this.#vpp.longest, settle(manager), () => this.#describe());
    const there = this.#isThere();
    if (promise === "there" && !there) throw new Error("the punt is gone, although the answer says that it is there");
    if (promise === "gone" && there) throw new Error("the punt is there, although the answer says that it is not");
    const pending = manager.list().filter(({ state }) => state !== "CREATED");
    if (pending.length > 0) throw new Error(this.#describe());
    expectSame("without a fault", there ? this.#with : this.#without, "after the fault", await this.#look());
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
      expectSame("before the manager", this.#untouched, "after all was deleted", await this.#look());
      const files = await readdir(join(this.#vpp.directory, "memif")).catch(() => []);
      if (files.length > 0) throw new Error(`socket files are left: ${files}`);
    } finally {
      await this.abandon();
    }
  }

  /** Ends a case that failed. */
  async abandon(): Promise<void> {
    await this.#closeManager().catch(() => undefined);
    await this.#client.close();
    await this.#vpp.end();
  }
}

/** The kernel chooses the MAC address of a veth pair's end on VPP's side. */
function linkText({ name, kind, mac, up, mtu, master, group, addresses }: HostLink): string {
  const own = name.startsWith("vp") ? "" : mac;
  return `link ${name} ${kind} ${own} ${up ? "up" : "down"} ${mtu} ${master} ${group} ${addresses}`;
}

type Promised = "there" | "gone" | "either";

/** Returns what an error promises: an error of the store or of the request means that nothing was done. */
function promiseOf(op: "add" | "delete", error: unknown): Promised {
  if (!(error instanceof PuntError)) throw error;
  if (error.code === "EIO" && error.message.includes("store")) return "either";
  return op === "add" ? "there" : "either";
}
