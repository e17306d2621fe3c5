// The punt manager: takes requests, keeps them, and keeps VPP as they want it.
import { EventEmitter } from "node:events";
import { PuntError } from "../errors.js";
import type { Host } from "../host/index.js";
import { LinuxHost } from "../host/index.js";
import { type Attachments, type AttachOptions, attach } from "./attach.js";
import { Entry, type Situation } from "./desired/index.js";
import type { Marks } from "./interconnect/index.js";
import { type Found, Namespaces } from "./interconnect/index.js";
import { Interconnects } from "./interconnects.js";
import { checkAddOptions, checkOptions, marksOf, type PuntManagerOptions, type VppConnection } from "./options.js";
import { DryRun } from "./plan/index.js";
import type { AddOptions } from "./punts.js";
import {
  idKey,
  idText,
  type PuntId,
  type PuntIdInput,
  type PuntRequest,
  type PuntRequestInput,
  parseId,
  parseRequest,
} from "./request/index.js";
import type { PuntEvent, PuntStatus } from "./state.js";
import { MemoryStore, Saver, type Store, type StoredState } from "./store/index.js";
import { Worker } from "./worker.js";

export interface PuntManagerEvents {
  /** A punt changed. */
  state: [PuntEvent];
  /** VPP or the store could not be read or written; it is tried again. */
  problem: [PuntError];
}

/** One manager for one VPP. Several operations may be under way at once. */
export class PuntManager extends EventEmitter<PuntManagerEvents> {
  readonly #host: Host;
  readonly #vpp: VppConnection;
  readonly #marks: Marks;
  readonly #store: Store;
  readonly #options: PuntManagerOptions;
  readonly #interconnects: Interconnects;
  readonly #entries = new Map<string, Entry>();
  readonly #claims = new Map<string, string>();
  readonly #saver: Saver;
  /** What was opened here, and for which punt. */
  readonly #attached = new Map<Attachments, string>();
  #namespaces: Namespaces;
  #worker!: Worker;
  #closed = false;

  /**
   * Reads the store and begins to make VPP what it says. Does not wait for VPP: it may come later.
   *
   * @throws PuntError of the store (`STORE_DAMAGED`, `STORE_BUSY`...) or of an option (`ERR_OPTION`)
   */
  static async start(options: PuntManagerOptions): Promise<PuntManager> {
    checkOptions(options);
    const manager = new PuntManager(options);
    if (!options.readOnly) await manager.#store.open?.();
    try {
      await manager.#restore();
    } catch (error) {
      await manager.#closeStore();
      throw error;
    }
    return manager;
  }

  private constructor(options: PuntManagerOptions) {
    super();
    this.#options = options;
    this.#vpp = options.vpp;
    this.#host = options.host ?? new LinuxHost();
    this.#store = options.store ?? new MemoryStore();
    this.#marks = marksOf(options);
    this.#interconnects = new Interconnects(this.#marks);
    this.#namespaces = new Namespaces(this.#host);
    this.#saver = new Saver(this.#store, () => this.#state());
  }

  async #closeStore(): Promise<void> {
    if (!this.#options.readOnly) await this.#store.close?.();
  }

  async #restore(): Promise<void> {
    const state = await this.#store.load();
    if (state) this.#take(state);
    this.#worker = new Worker({
      ...this.#options,
      vpp: this.#vpp,
      host: this.#host,
      marks: this.#marks,
      interconnects: this.#interconnects,
      namespaces: this.#namespaces,
      entries: this.#entries,
      claims: this.#claims,
      save: () => this.#saver.save(),
      changed: (entry, from) => this.#announce(entry, from),
      problem: (error) => void this.emit("problem", error),
    });
    if (!this.#options.readOnly) this.#worker.start();
  }

  #take({ punts, interconnects, namespaces, claims }: StoredState): void {
    this.#namespaces = new Namespaces(this.#host, namespaces);
    this.#interconnects.restore(interconnects, punts);
    for (const [key, claim] of Object.entries(claims)) this.#claims.set(key, claim);
    for (const request of punts) {
      const entry = new Entry(request);
      entry.stored = true;
      this.#entries.set(entry.key, entry);
    }
  }

  /**
   * Asks for a punt. It is stored before VPP is touched. Adding an equal one again waits for the one there is.
   *
   * @returns its status, CREATED or PENDING
   * @throws PuntError `INVALID_REQUEST` or `ERR_OPTION` naming the field, `CONFLICT` naming the other punt, `PUNT_EXISTS`,
   * `POOL_EXHAUSTED`, or of the store: nothing was done. Otherwise it FAILED, with VPP's name of the error as the code: the punt stays and is tried again.
   */
  async add(input: PuntRequestInput, options: AddOptions = {}): Promise<PuntStatus> {
    this.#requireWritable("punt.add");
    checkAddOptions(options);
    const { waitFor, timeout } = options;
    const request = parseRequest(input);
    const found = await this.#namespaces.find(request.netns);
    const entry = this.#existing(request) ?? (await this.#accept(request, found));
    // Closed meanwhile: nobody would wake who waits now. What is stored is done by the next manager.
    this.#requireWritable("punt.add");
    await entry.reached(({ state }) => state === "CREATED" || (state === "PENDING" && waitFor !== "CREATED"), timeout);
    return this.#worker.statusOf(entry);
  }

  #existing(request: PuntRequest): Entry | undefined {
    const entry = this.#entries.get(idKey(request));
    if (!entry || entry.leaving) return undefined;
    if (JSON.stringify(entry.request) === JSON.stringify(request)) return entry;
    const message = `punt ${idText(request)} exists and is another one; delete it first`;
    throw new PuntError("punt.add", "PUNT_EXISTS", message, { id: entry.id });
  }

  #known(input: PuntIdInput, op: string): Entry {
    const id = parseId(input, op);
    const entry = this.#entries.get(idKey(id));
    if (!entry) throw new PuntError(op, "NO_SUCH_PUNT", `there is no punt ${idText(id)}`, { id });
    return entry;
  }

  async #accept(request: PuntRequest, found: Found): Promise<Entry> {
    this.#requireWritable("punt.add");
    this.#interconnects.assign(request, this.#namespaces.number(found));
    const entry = new Entry(request);
    const before = this.#entries.get(entry.key);
    this.#entries.set(entry.key, entry);
    before?.abandon(
      new PuntError("punt.delete", "ECANCELED", `punt ${idText(entry.id)} was added again`, { id: entry.id }),
    );
    this.#announce(entry, undefined);
    try {
      await this.#saver.save();
    } catch (error) {
      this.#interconnects.release(entry.id);
      this.#entries.delete(entry.key);
      throw error;
    }
    entry.stored = true;
    this.#worker.wake();
    return entry;
  }

  /**
   * Deletes a punt and what nobody else uses of it. Resolves when nothing of it is left in VPP; where VPP is away, when it is out of
   * the store: it is cleaned up when VPP is back.
   *
   * @throws PuntError `NO_SUCH_PUNT`; of the store, and the punt stays; or of what VPP refused to delete, which is tried again
   */
  async delete(input: PuntIdInput): Promise<void> {
    this.#requireWritable("punt.delete");
    const entry = this.#known(input, "punt.delete");
    if (!entry.leaving) await this.#dismiss(entry);
    this.#requireWritable("punt.delete");
    this.#worker.wake();
    await entry.reached(({ state }) => state === "DELETED");
  }

  async #dismiss(entry: Entry): Promise<void> {
    const interconnects = this.#interconnects.of(entry.id);
    entry.leaving = true;
    this.#interconnects.release(entry.id);
    try {
      await this.#saver.save();
    } catch (error) {
      entry.leaving = false;
      this.#interconnects.reinstate(entry.request, interconnects);
      throw error;
    }
    if (!this.#vpp.isConnected) this.#worker.gone(entry, "out of the store; VPP is away");
  }

  /** @returns the punt's status, or undefined if there is none of that identity */
  get(input: PuntIdInput): PuntStatus | undefined {
    const entry = this.#entries.get(idKey(parseId(input, "punt.get")));
    return entry && this.#worker.statusOf(entry);
  }

  list(): PuntStatus[] {
    return [...this.#entries.values()].map((entry) => this.#worker.statusOf(entry));
  }

  /**
   * What would be done now, or if punts were added or deleted: reads VPP and changes nothing.
   *
   * @throws PuntError as `add` and `delete` would, or if VPP cannot be read
   */
  async plan(change: { add?: readonly PuntRequestInput[]; delete?: readonly PuntIdInput[] } = {}): Promise<DryRun> {
    this.#requireOpen("punt.plan");
    const added = (change.add ?? []).map((it, index) => parseRequest(it, `add[${index}]`));
    const deleted = (change.delete ?? []).map((it) => this.#known(it, "punt.plan").id);
    const gone = new Set(deleted.map(idKey));
    const fresh = added.filter((it) => gone.has(idKey(it)) || !this.#existing(it));
    const found = await Promise.all(fresh.map((it) => this.#namespaces.find(it.netns)));
    const { punts, interconnects } = this.#imagine(fresh, found, deleted);
    const { plan, steps } = await this.#worker.preview(punts, interconnects);
    return new DryRun(plan, steps);
  }

  #imagine(added: readonly PuntRequest[], found: readonly Found[], deleted: readonly PuntId[]) {
    const { punts, interconnects } = this.#state();
    const imagined = new Interconnects(this.#marks);
    imagined.restore(interconnects, punts);
    for (const id of deleted) imagined.release(id);
    for (const [index, request] of added.entries()) imagined.assign(request, this.#namespaces.number(found[index]));
    const gone = new Set(deleted.map(idKey));
    return { punts: [...punts.filter((it) => !gone.has(idKey(it))), ...added], interconnects: imagined };
  }

  /**
   * Opens the CNF's ends of a punt in this process, as `attach` does, and keeps punt sockets connected over restarts of VPP. To be
   * closed by the caller.
   *
   * @throws PuntError `NO_SUCH_PUNT`, or of a port
   */
  attach(input: PuntIdInput, options?: AttachOptions): Attachments {
    this.#requireOpen("punt.attach");
    const entry = this.#known(input, "punt.attach");
    const attachments = attach(this.#worker.statusOf(entry).metadata, options);
    this.#attached.set(attachments, entry.key);
    return attachments;
  }

  /** Looks at VPP now and repairs what differs. Resolves when nothing is left to do, or only what waits for its next try. */
  async resync(): Promise<void> {
    this.#requireWritable("punt.resync");
    await this.#worker.resync();
  }

  /** Stops. Punts stay in VPP: another manager with the same store goes on where this one ended. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#worker.stop();
    await this.#saver.idle();
    await this.#closeStore();
    const error = new PuntError("punt.close", "ECANCELED", "the manager was closed");
    for (const entry of this.#entries.values()) entry.abandon(error);
  }

  #requireOpen(op: string): void {
    if (this.#closed) throw new PuntError(op, "ERR_CLOSED", "the manager is closed");
  }

  #requireWritable(op: string): void {
    this.#requireOpen(op);
    if (this.#options.readOnly) throw new PuntError(op, "READ_ONLY", "the manager was started with readOnly");
  }

  #announce(entry: Entry, from: Situation["state"] | undefined): void {
    const { state: to, cause } = entry.situation;
    if (to === "CREATED") this.#reconnect(entry);
    this.emit("state", { id: entry.id, from, to, cause, status: this.#worker.statusOf(entry) });
  }

  #reconnect(entry: Entry): void {
    for (const [attachments, key] of this.#attached) {
      if (attachments.isClosed) this.#attached.delete(attachments);
      else if (key === entry.key) attachments.reconnect(this.#worker.statusOf(entry).metadata);
    }
  }

  #state(): StoredState {
    const entries = [...this.#entries.values()].filter((it) => !it.leaving);
    return {
      punts: entries.map((it) => it.request),
      interconnects: this.#interconnects.all(),
      namespaces: this.#namespaces.all().filter((it) => it.path !== ""),
      claims: Object.fromEntries(this.#claims),
    };
  }
}
