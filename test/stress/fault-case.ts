// One operation on one punt, repeated with a fault at each of its points. The state afterwards is as the operation's answer says.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Vpp } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import { type HostLink, PuntManager, type PuntRequestInput } from "../../lib/punt/index.js";
import { programPath } from "../support/program.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { expectSame } from "./choice.js";
import type { KillOrder } from "./fault-manager.js";
import { type CaseOptions, CNF, hasJust, type Operation, operate, operationOf } from "./fault-operation.js";
import { Fuse, type KillSite, type LocalFault, watchedHost, watchedStore, watchedVpp } from "./fault-points.js";
import type { FaultyVpp } from "./faulty-vpp.js";
import { cards } from "./history.js";
import { Operator } from "./operator.js";
import { serveHost } from "./remote-host.js";
import { settings, settle, within } from "./settling.js";

const child = programPath("test/stress/fault-manager.js");

/** A fault, and the call that it strikes: the nth from the beginning of the operation. */
export type Point =
  | { readonly at: "vpp"; readonly fault: string; readonly nth: number }
  | { readonly at: "write" | "link"; readonly fault: LocalFault; readonly nth: number }
  | ({ readonly at: "kill" } & KillOrder);

export function textOf({ type, interconnect, shared, op }: CaseOptions): string {
  return `${op} ${type} ${interconnect}${shared ? " shared" : ""}`;
}

export class FaultCase {
  readonly #operation: Operation;
  readonly #vpp: FaultyVpp;
  readonly #client: Vpp;
  readonly #operator: Operator;
  readonly #fuses: Readonly<Record<KillSite, Fuse>>;
  #manager: PuntManager | undefined;
  #managerClient: Vpp | undefined;
  #calls = { vpp: 0, write: 0, link: 0, message: 0 };
  /** VPP's restart, once a fault of a write or of Linux has killed it. */
  #restarted: Promise<void> | undefined;
  /** VPP and Linux without a manager, before the operation, and after it. */
  #untouched: readonly string[] = [];
  #before: readonly string[] = [];
  #after: readonly string[] = [];

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
    this.#operation = operationOf(options, vpp);
    this.#vpp = vpp;
    const kill = () => {
      this.#restarted = vpp.restart();
    };
    this.#fuses = { write: new Fuse(kill), link: new Fuse(kill), message: new Fuse(kill) };
    this.#client = client;
    this.#operator = new Operator(client, cards, vpp.directory, vpp.real);
  }

  /** Names of the faults that can strike a message. */
  get faults(): readonly string[] {
    return this.#vpp.faults;
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
    const { before, after } = this.#operation;
    const first = await this.#reach(before);
    const last = first && (await this.#reach(after));
    if (first === undefined || last === undefined) return false;
    this.#before = first;
    this.#after = last;
    await this.#reach(before);
    await this.#count();
    return true;
  }

  /** Gives the CNF these punts beside the ones that stay. Returns the configuration of VPP and Linux then; undefined if the punts conflict. */
  async #reach(requests: readonly PuntRequestInput[]): Promise<string[] | undefined> {
    const manager = this.#manager!;
    const { beside } = this.#operation;
    const set = { cnf: CNF, punts: [...requests, ...beside] };
    const applied = manager.apply(set, { waitFor: "CREATED" }).then(
      ({ failed }) => failed[0]?.error,
      (error: PuntError) => error,
    );
    const failure = await within("the punts are CREATED", this.#vpp.longest, applied, () => this.#describe());
    if (failure?.code === "ERR_CONFLICT" && beside.length > 0) return undefined;
    if (failure) throw failure;
    await settle(manager);
    return await this.#look();
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

  /** Brings the CNF's punts back to their state before the operation. */
  async #toggle(): Promise<void> {
    const { before } = this.#operation;
    if (hasJust(this.#manager!, before, this.#operation)) return;
    expectSame("at first", this.#before, "the punts' return", (await this.#reach(before)) ?? []);
  }

  /** Runs the operation with a fault at the point. Returns false if the operation ended before the point. */
  async strike(point: Point): Promise<boolean> {
    const { struck, promise } = point.at === "kill" ? await this.#kill(point) : await this.#operateWith(point);
    this.#vpp.clear();
    if (point.at !== "kill" && /crash$/.test(point.fault) && struck) await this.#restartVpp();
    await this.#checkState(promise);
    await this.#closeManager();
    await this.#startManager();
    await this.#checkState(promise);
    await this.#toggle();
    return struck;
  }

  async #restartVpp(): Promise<void> {
    await (this.#restarted ?? this.#vpp.restart());
    this.#restarted = undefined;
    // The client may not have noticed yet that its VPP is gone.
    while (!(await this.#client.call("control_ping", {}).catch(() => undefined))) await this.#client.connected();
    await this.#operator.apply();
  }

  async #operateWith(point: Exclude<Point, { at: "kill" }>): Promise<{ struck: boolean; promise: Promised }> {
    if (point.at === "vpp") this.#vpp.strike(point.fault, point.nth);
    else this.#fuses[point.at].arm(point.nth, point.fault);
    const promise = await this.#operate();
    const pending = point.at === "vpp" ? this.#vpp.pending : await this.#fuses[point.at].disarm();
    return { struck: !pending, promise };
  }

  async #operate(): Promise<Promised> {
    return operate(this.#manager!, this.#operation).then(
      () => "done",
      (error) => promiseOf(this.#operation, error),
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
    serveHost(process, this.#vpp.host);
    let promise: Promised = "either";
    process.on("message", (message: { kept?: true }) => {
      if (message.kept) promise = "done";
    });
    const ended = once(process, "exit");
    const { apiSocket, directory, real } = this.#vpp;
    process.send({ apiSocket, directory, real, operation: this.#operation, order });
    const [code, signal] = await ended;
    if (signal !== "SIGKILL" && code !== 0) throw new Error(`the manager ended with ${code ?? signal}`);
    return promise;
  }

  async #checkState(promise: Promised): Promise<void> {
    const manager = this.#manager!;
    await within("the manager settles", this.#vpp.longest, settle(manager), () => this.#describe());
    const [isBefore, isAfter] = [this.#operation.before, this.#operation.after].map((requests) =>
      hasJust(manager, requests, this.#operation),
    );
    if (!isBefore && !isAfter)
      throw new Error(`the punts are neither those of before nor those of after:\n${this.#describe()}`);
    if (promise === "done" && !isAfter) throw new Error("nothing is changed, although the answer says that it is");
    const pending = manager.list().filter(({ state }) => state !== "CREATED");
    if (pending.length > 0) throw new Error(this.#describe());
    expectSame("without a fault", isAfter ? this.#after : this.#before, "after the fault", await this.#look());
  }

  #describe(): string {
    const line = ({ id, state, failure, missing, metadata }: ReturnType<PuntManager["list"]>[number]) =>
      [`${id.label} is ${state}`, failure?.message, ...missing.map(({ text }) => text), ...(metadata?.caveats ?? [])]
        .filter((text) => text !== undefined)
        .join(": ");
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

type Promised = "done" | "either";

/** Returns what an error promises. VPP's error is of a punt that stays and is tried again; after an error of the store nothing was done. */
function promiseOf({ op }: Operation, error: unknown): Promised {
  if (!(error instanceof PuntError)) throw error;
  if (error.code === "EIO" && error.message.includes("store")) return "either";
  return op === "delete" ? "either" : "done";
}
