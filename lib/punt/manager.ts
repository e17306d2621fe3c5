// The punt manager: the API over the desired state, and over the worker that makes VPP match it.
import { EventEmitter } from "node:events";
import { PuntError } from "../errors.js";
import { guarded } from "../guarded.js";
import { type Attachments, type AttachOptions, attach } from "./attach.js";
import type { Adoption, DeviceReport, Entry, Listener, Machinery, RestoredPunt } from "./machinery.js";
import { checkAddOptions, checked, checkOptions, identityOf, type PuntManagerOptions } from "./options.js";
import { type DryRun, requireReady } from "./plan/index.js";
import type {
  AddOptions,
  ApplyOptions,
  ApplyResult,
  DeleteOptions,
  PlanChange,
  PuntFilter,
  Punts,
  WatchEvent,
  WatchOptions,
} from "./punts.js";
import {
  idKey,
  idText,
  isSameRequest,
  noSuchPunt,
  type PuntId,
  type PuntIdInput,
  type PuntRequest,
  type PuntRequestInput,
  type PuntSet,
  parseId,
  parseRequest,
} from "./request/index.js";
import { applySet, isWanted } from "./set.js";
import { isMade, type PuntEvent, type PuntStatus } from "./state.js";
import { loaded, MemoryStore, type Store, storedWithin } from "./store/index.js";

export interface PuntManagerEvents {
  /** A punt changed. An error that a listener throws is thrown again outside of the manager: Node.js reports it as uncaught. */
  state: [PuntEvent];
  /** VPP or the store could not be read or written. The manager tries again. */
  problem: [PuntError];
  /**
   * A comparison with VPP has ended, with the steps that it led to: the milliseconds that it took, its error, and what it made again because
   * others had deleted or changed it in VPP or Linux.
   */
  pass: [{ readonly ms: number; readonly error?: PuntError; readonly restored?: readonly RestoredPunt[] }];
}

/** Manages the punts of one VPP. Several operations may be under way at once. */
export class PuntManager extends EventEmitter<PuntManagerEvents> implements Punts {
  readonly #options: PuntManagerOptions;
  readonly #store: Store;
  readonly #machinery: Machinery;
  /** Each attachment that was opened here, with the key of its punt. */
  readonly #attached = new Map<Attachments, string>();
  #closing: Promise<void> | undefined;

  /**
   * Reads the store and begins to make VPP match it. Does not wait for VPP, which may start later.
   *
   * @throws PuntError `ERR_OPTION`: an option is bad; `ERR_OWNER_BUSY`: VPP has another manager of the same owner, with `details.pid` in that
   * manager's PID namespace; an error of the store, such as `ERR_STORE_DAMAGED` or `ERR_STORE_BUSY`
   * @example
   * ```ts
   * import { FileStore, PuntManager } from "vpp-punt";
   * import { Vpp } from "vpp-punt/binapi";
   * await using vpp = await Vpp.connect({ wait: true });
   * await using manager = await PuntManager.start({ vpp, store: new FileStore("/var/lib/punts/state.json") });
   * await manager.add({ type: "SPAN", cnf: "monitor", interconnect: "MEMIF", vppInterface: "eth0" });
   * ```
   */
  static async start(options: PuntManagerOptions): Promise<PuntManager> {
    checkOptions(options);
    return PuntManager.#opened(options, options.readOnly ?? false, async (manager) => {
      manager.#worker.start();
      return manager;
    });
  }

  /**
   * Takes over the objects in VPP that StoneWork's punt manager made for the same punts, or an earlier manager of the same owner whose
   * store is lost. The other manager must have ended. Objects are known by the names, tags and MAC addresses that follow from the requests;
   * nothing else is touched. The store has the punts and the claims before VPP is changed. Without `options.readOnly`, it is done; with it,
   * only shown.
   *
   * @param options options of the manager that will have the punts. For StoneWork's memifs: `memifDirectory: "/run/stonework/memif"` and
   * `naming: "stonework"`
   * @param requests the same punts as the other manager has
   * @throws PuntError as `start` and `add`; `ERR_NOT_READY`: not every punt can be CREATED, and nothing is changed; or VPP refused a step, and the
   * other manager's policies stay
   * @example
   * ```ts
   * import { loadRequests, PuntManager } from "vpp-punt";
   * import { Vpp } from "vpp-punt/binapi";
   * await using vpp = await Vpp.connect();
   * const options = { vpp, memifDirectory: "/run/stonework/memif", naming: "stonework", readOnly: true } as const;
   * console.log(await PuntManager.adopt(options, await loadRequests("punts.yaml")));
   * ```
   */
  static async adopt(options: PuntManagerOptions, requests: readonly PuntRequestInput[]): Promise<Adoption> {
    checkOptions(options);
    const { readOnly = false } = options;
    const inputs = checked.requests(requests, "punt.adopt");
    const parsed = inputs.map((input, index) => parseRequest(input, `requests[${index}]`, "punt.adopt"));
    return PuntManager.#opened(options, readOnly, async (manager) => {
      try {
        return await manager.#adopt(parsed);
      } finally {
        await manager.close();
      }
    });
  }

  static async #opened<T>(
    options: PuntManagerOptions,
    readOnly: boolean,
    use: (manager: PuntManager) => Promise<T>,
  ): Promise<T> {
    const { assemble } = await import("./machinery.js");
    const store: Store = options.store ?? new MemoryStore();
    if (!readOnly) await store.open?.();
    let manager: PuntManager | undefined;
    try {
      const kept = await loaded(store);
      const identity = identityOf(options, kept?.manager);
      manager = new PuntManager(options, store, (listener) => assemble(options, store, identity, listener));
      if (kept) manager.#state.restore(kept);
      await manager.#worker.claim();
      return await use(manager);
    } catch (error) {
      if (manager) await manager.close();
      else if (!readOnly) await store.close?.();
      throw error;
    }
  }

  async #adopt(requests: readonly PuntRequest[]): Promise<Adoption> {
    const found = await Promise.all(requests.map((request) => this.#state.find(request)));
    const draft = this.#state.imagine();
    for (const [index, request] of requests.entries()) draft.put(request, found[index]!, "punt.adopt");
    const sought = await this.#worker.seek(draft.freeze());
    if (this.#options.readOnly) return sought.adoption;
    requireReady(requests, sought.adoption.punts, "nothing is changed");
    // The punts come first: a claim without a punt would be an object to delete.
    for (const [index, request] of requests.entries()) await this.#put(request, found[index]!);
    await this.#state.remember(sought.claims, []);
    this.#worker.start();
    await this.#worker.resync();
    const punts = this.list().map(({ id, state, failure }) => ({
      id,
      state,
      reasons: failure ? [failure.message] : [],
    }));
    requireReady(requests, punts, "the store has the punts, and the other manager's policies stay in VPP");
    await this.#worker.removeOutgrown(sought);
    return sought.adoption;
  }

  async #put(request: PuntRequest, found: Found): Promise<void> {
    const existing = this.#state.request(request);
    if (!existing) await this.#state.accept(request, found);
    else if (!isSameRequest(existing, request)) await this.#state.revise(request, found);
  }

  private constructor(options: PuntManagerOptions, store: Store, machinery: (listener: Listener) => Machinery) {
    super();
    this.#options = options;
    this.#store = store;
    this.#machinery = machinery({
      changed: (event) => this.#announce(event),
      passed: (pass) => guarded(() => void this.emit("pass", pass)),
      problem: (error) => guarded(() => void this.emit("problem", error)),
    });
  }

  get #state(): Machinery["state"] {
    return this.#machinery.state;
  }

  get #worker(): Machinery["worker"] {
    return this.#machinery.worker;
  }

  async #closeStore(): Promise<void> {
    if (!this.#options.readOnly) await this.#store.close?.();
  }

  /**
   * Adds a punt. The store has it before VPP is touched. If an equal punt exists, the call waits for that punt.
   *
   * @returns the punt's status: CREATED, DEGRADED or PENDING
   * @throws PuntError `ERR_INVALID_REQUEST` or `ERR_OPTION` with the field, `ERR_CONFLICT` with the other punt, `ERR_PUNT_EXISTS`,
   * `ERR_POOL_EXHAUSTED`, or an error of the store: nothing was done. Any other code is VPP's name of an error: the punt FAILED, stays,
   * and is tried again.
   */
  async add(input: PuntRequestInput, options: AddOptions = {}): Promise<PuntStatus> {
    return this.#change("punt.add", input, options, (request, found) =>
      isWanted(this.#state, request) ? this.#state.entry(request) : this.#state.accept(request, found),
    );
  }

  /** Submits a change of a punt in the order of the calls, once the namespace of its request is found. */
  async #change(op: string, input: PuntRequestInput, options: AddOptions, submit: Submit): Promise<PuntStatus> {
    this.#requireWritable(op);
    checkAddOptions(options, op);
    const request = parseRequest(input, "request", op);
    return this.#state.order.during([request.cnf], async (inOrder) => {
      const found = await this.#state.find(request);
      return inOrder(() => {
        this.#requireWritable(op);
        return this.#reached(submit(request, found), options, op);
      });
    });
  }

  async #reached(submitted: Submitted, { waitFor, timeout }: AddOptions, op: string): Promise<PuntStatus> {
    const entry = (await storedWithin(submitted, timeout, op))!;
    // After close() nothing would end the wait. The next manager does what the store has.
    this.#requireWritable(op);
    this.#worker.wake();
    await entry.reached(op, ({ state }) => isMade(state) || (state === "PENDING" && waitFor !== "CREATED"), timeout);
    return this.#state.status(entry);
  }

  /**
   * Replaces the request of a punt. The parts of its interconnects that do not change stay, so packets keep passing where VPP allows it.
   *
   * @throws PuntError `ERR_NO_SUCH_PUNT`; otherwise as `add`
   */
  async update(input: PuntRequestInput, options: AddOptions = {}): Promise<PuntStatus> {
    return this.#change("punt.update", input, options, (request, found) => {
      const existing = this.#state.request(request);
      if (!existing) throw noSuchPunt("punt.update", request);
      return isSameRequest(existing, request) ? this.#state.entry(request) : this.#state.revise(request, found);
    });
  }

  async apply(set: PuntSet, options: ApplyOptions = {}): Promise<ApplyResult> {
    this.#requireWritable("punt.apply");
    return applySet(set, options, {
      state: this.#state,
      check: () => this.#requireWritable("punt.apply"),
      stored: (change) => storedWithin(change, options.timeout, "punt.apply"),
      reached: (entry) => this.#reached(entry, options, "punt.apply"),
      gone: (entry) => this.#gone(entry, "punt.apply", options.timeout),
    });
  }

  /**
   * Deletes a punt, with every object that no other punt uses. Resolves when nothing of it is left in VPP. While VPP is away, resolves
   * when the store has lost it; VPP is cleaned up when it comes back.
   *
   * @throws PuntError `ERR_NO_SUCH_PUNT`; of the store: the punt stays; of VPP, `ERR_TIMEOUT` or `ETIMEDOUT`: it is tried again
   */
  async delete(input: PuntIdInput, options: DeleteOptions = {}): Promise<void> {
    this.#requireWritable("punt.delete");
    const id = parseId(input, "punt.delete");
    await checked.deletion(idText(id), options, () =>
      this.#state.order.during([id.cnf], (inOrder) => inOrder(() => this.#delete(id))),
    );
  }

  async #delete(id: PuntId): Promise<void> {
    this.#requireWritable("punt.delete");
    const entry = await (this.#state.request(id) ? this.#state.dismiss(id) : this.#state.entry(id));
    if (!entry) throw noSuchPunt("punt.delete", id);
    await this.#gone(entry, "punt.delete");
  }

  async #gone(entry: Entry, op: string, timeout?: number): Promise<void> {
    this.#requireWritable(op);
    if (!this.#options.vpp.isConnected) this.#state.gone(entry, "out of the store; VPP is away");
    this.#worker.wake();
    await entry.reached(op, ({ state }) => state === "DELETED", timeout);
  }

  /** Returns the status of a punt, or undefined if there is none of that identity. @throws PuntError `ERR_INVALID_REQUEST` */
  get(input: PuntIdInput): PuntStatus | undefined {
    return this.#state.get(parseId(input, "punt.get"));
  }

  list(filter: PuntFilter = {}): PuntStatus[] {
    return this.#state.list(checked.filter(filter, "punt.list"));
  }

  /**
   * Returns the steps that are due now, or that a change would bring: reads VPP and changes nothing.
   *
   * @throws PuntError as `add` and `delete` would throw; `ERR_DISCONNECTED` or another error if VPP cannot be read
   */
  async plan(change: PlanChange = {}): Promise<DryRun> {
    this.#requireOpen("punt.plan");
    const { add = [], delete: gone = [] } = checked.change(change);
    if (this.#options.readOnly) await this.#machinery.restore();
    const added = add.map((input, index) => parseRequest(input, `add[${index}]`, "punt.plan"));
    const deleted = gone.map((input) => this.#known(input, "punt.plan"));
    const found = await Promise.all(added.map((request) => this.#state.find(request)));
    const draft = this.#state.imagine();
    for (const id of deleted) draft.delete(id);
    draft.putAll(added, found, "punt.plan");
    return this.#worker.preview({ wanted: draft.freeze(), memory: this.#state.memory });
  }

  #known(input: PuntIdInput, op: string): PuntId {
    const id = parseId(input, op);
    if (!this.#state.get(id)) throw noSuchPunt(op, id);
    return id;
  }

  watch(options: WatchOptions = {}): AsyncIterableIterator<WatchEvent, undefined> {
    this.#requireOpen("punt.watch");
    const { cnf } = checked.watch(options);
    return this.#state.log.watch(options, () => this.#state.list(cnf === undefined ? {} : { cnf }));
  }

  /**
   * Opens the CNF's ends of a punt in this process, as `attach` does, and reconnects punt sockets after restarts of VPP. The caller
   * closes them.
   *
   * @throws PuntError `ERR_NO_SUCH_PUNT`, or an error of a port
   */
  attach(input: PuntIdInput, options?: AttachOptions): Attachments {
    this.#requireOpen("punt.attach");
    const id = this.#known(input, "punt.attach");
    const attachments = attach(this.#state.get(id)!.metadata, options);
    this.#attached.set(attachments, idKey(id));
    return attachments;
  }

  /**
   * Reads VPP now and repairs every difference; with `readOnly` only reads. Resolves when nothing is left to do, or only steps that wait
   * for their next try.
   *
   * @throws PuntError `ERR_DISCONNECTED`: VPP is away; another error if VPP or the store could not be read
   */
  async resync(): Promise<void> {
    this.#requireOpen("punt.resync");
    await this.#worker.resync();
  }

  /**
   * Returns how devices of VPP come into the namespaces of CNFs. What no punt has needed yet is tried now: VPP makes a TAP for a moment.
   *
   * @throws PuntError `ERR_CLOSED`, or an error of VPP
   */
  devices(): Promise<DeviceReport> {
    this.#requireOpen("punt.devices");
    return this.#worker.devices();
  }

  /** The known facts about VPP's devices, without a new trial. */
  get knownDevices(): DeviceReport {
    return this.#worker.knownDevices;
  }

  /** Stops the manager. Punts stay in VPP: another manager with the same store continues. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state.closing();
    await this.#worker.stop();
    this.#machinery.host.close();
    await this.#state.close(new PuntError("punt.close", "ECANCELED", "the manager was closed"));
    await this.#closeStore();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requireOpen(op: string): void {
    if (this.#closing) throw new PuntError(op, "ERR_CLOSED", "the manager is closed");
  }

  #requireWritable(op: string): void {
    this.#requireOpen(op);
    if (this.#options.readOnly) throw new PuntError(op, "ERR_READ_ONLY", "the manager was started with readOnly");
  }

  #announce(event: PuntEvent): void {
    const { id, to, status } = event;
    if (isMade(to)) this.#reconnect(idKey(id), status);
    guarded(() => void this.emit("state", event));
  }

  #reconnect(key: string, { metadata }: PuntStatus): void {
    for (const [attachments, attached] of this.#attached) {
      if (attachments.isClosed) this.#attached.delete(attachments);
      else if (attached === key) attachments.reconnect(metadata);
    }
  }
}

type Found = Awaited<ReturnType<Machinery["state"]["find"]>>;
type Submitted = Entry | Promise<Entry | undefined>;
type Submit = (request: PuntRequest, found: Found) => Submitted;
