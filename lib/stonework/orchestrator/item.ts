// One configuration item of a CNF: its punts are asked for, and the CNF hears of them in StoneWork's order.
import { create } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import { idKey, idOf, isMade, isSameRequest, type PuntId, type PuntRequest, parseRequest } from "../../punt/index.js";
import { type ItemDependency, puntDependencies } from "../dependencies.js";
import { type Item, ItemSchema } from "../gen/ligato/generic/manager_pb.js";
import { type PuntMetadata, PuntState } from "../gen/puntmgr/puntmgr_pb.js";
import { metadataToWire } from "../metadata.js";
import { requestFromWire } from "../request.js";
import type { Cnf } from "./cnf.js";
import { endsOf, itemId } from "./ends.js";
import type { ItemSituation, Surroundings } from "./surroundings.js";

interface Announced {
  readonly metadata: PuntMetadata;
  /** The metadata as a text, without what may change unannounced. */
  readonly text: string;
  readonly ends: readonly Item[];
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
const NOT_SENT = -1;
const UNHEARD = "the CNF does not answer: another attempt follows";

export class ConfigItem {
  readonly key: string;
  readonly #around: Surroundings;
  #item: Item;
  #isDeleted = false;
  #version = 0;
  #situation: ItemSituation = { state: "PENDING", message: "not looked at yet" };
  #requests: ReadonlyMap<string, PuntRequest> = new Map();
  /** Punts that are not asked for any more, and of which the CNF has to hear before they go. */
  #leaving: PuntId[] = [];
  #sentTo: Cnf | undefined;
  #sentVersion = NOT_SENT;
  readonly #announced = new Map<string, Announced>();
  /** Punts of which the CNF did not hear all: it was away, or did not answer in time. */
  readonly #doubtful = new Map<string, Announced>();
  /** Items without data of which the CNF did not hear: this one, and ends of its interconnects. */
  readonly #unheard = new Map<string, Item>();
  /** Whether the CNF did not hear of the item's value. */
  #isValueUnheard = false;
  /** The CNF's refusal of the item's value; "" if it took it. */
  #refusal = "";
  #tellPause = FIRST_RETRY_MS;
  #mustAsk = true;
  /** Whether the CNF has said what the item's punts are, and nothing but punts is waited for. */
  #isAsked = false;
  #isDue = false;
  #work: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pause = FIRST_RETRY_MS;
  #isClosed = false;

  constructor(key: string, item: Item, around: Surroundings) {
    this.key = key;
    this.#item = item;
    this.#around = around;
  }

  get item(): Item {
    return this.#item;
  }

  get model(): string {
    return this.#item.id?.model ?? "";
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  get situation(): ItemSituation {
    return this.#situation;
  }

  get sentTo(): Cnf | undefined {
    return this.#sentTo;
  }

  /** Whether this item has announced that end of an interconnect. */
  has(end: string): boolean {
    return [...this.#announced.values()].some(({ ends }) => ends.some((each) => itemId(each) === end));
  }

  /** Gives the item another value. */
  set(item: Item): void {
    this.#item = item;
    this.#isDeleted = false;
    this.#version++;
    this.ask();
  }

  /** Deletes the item and its punts. */
  delete(): void {
    this.#isDeleted = true;
    this.look();
  }

  /** Asks the CNF again what the item's punts are. */
  ask(): void {
    this.#mustAsk = true;
    this.look();
  }

  /** Looks again at what has changed. */
  look(): void {
    this.#isDue = true;
    this.#work ??= this.#run();
  }

  /** Resolves when there is nothing to do for now. */
  async settled(): Promise<void> {
    while (this.#work) await this.#work;
  }

  /** Ends: nothing is sent and nothing is changed any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  async #run(): Promise<void> {
    // In a turn of its own, so that `#work` is set.
    await Promise.resolve();
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      await this.#step().catch((error: Error) => this.#failed(error));
    }
    this.#work = undefined;
  }

  async #step(): Promise<void> {
    const cnf = this.#around.cnf(this);
    if (cnf !== this.#sentTo) this.#forget(cnf);
    if (this.#isDeleted) return this.#remove();
    if (cnf === undefined) return this.#pending(`no CNF has the model ${this.model}`);
    if (this.#mustAsk) await this.#ask(cnf);
    if (this.#isAsked) await this.#announce(cnf);
  }

  #failed(error: Error): void {
    const isEarly = error instanceof PuntError && error.code === "ERR_UNRESOLVED";
    this.#situation = { state: isEarly ? "PENDING" : "FAILED", message: error.message };
    this.#around.log.warn({ key: this.key, err: error }, "a configuration item waits for another attempt");
    this.#later(this.#pause, () => this.ask());
    this.#pause = Math.min(2 * this.#pause, LONGEST_RETRY_MS);
  }

  #later(pause: number, call: () => void): void {
    clearTimeout(this.#retry);
    if (!this.#isClosed) this.#retry = setTimeout(call, pause);
  }

  #pending(message: string): void {
    this.#situation = { state: "PENDING", message };
  }

  /** Another life of the CNF knows nothing. */
  #forget(cnf: Cnf | undefined): void {
    this.#sentTo = cnf;
    this.#sentVersion = NOT_SENT;
    this.#announced.clear();
    this.#doubtful.clear();
    this.#unheard.clear();
    this.#isValueUnheard = false;
    this.#refusal = "";
    this.#mustAsk = true;
  }

  async #ask(cnf: Cnf): Promise<void> {
    this.#mustAsk = false;
    this.#isAsked = false;
    const { withDeps, withPunt } = cnf.models.get(this.model) ?? { withDeps: false, withPunt: false };
    const dependencies = withDeps ? await cnf.dependencies(this.#item) : [];
    const obstacle = dependencies.map((each) => this.#obstacleIn(each)).find((text) => text !== undefined);
    if (obstacle !== undefined) return this.#pending(obstacle);
    const netns = await this.#around.netns(cnf.label);
    const dependsOn = puntDependencies(dependencies);
    const more = { ...(dependsOn.length > 0 && { dependsOn }), ...(netns && { netns }) };
    const wires = withPunt ? await cnf.puntRequests(this.#item) : [];
    const inputs = wires.map((wire) => requestFromWire(wire, { cnf: cnf.label, key: this.key }));
    const requests = inputs
      .filter((input) => input !== undefined)
      .map((input) => parseRequest({ ...input, ...more }, this.key, "stonework.item"));
    const next = new Map(requests.map((request) => [idKey(request), request]));
    const twice = requests.find((request) => next.get(idKey(request)) !== request);
    if (twice) throw new Error(`${cnf.label} asks for two punts with the label "${twice.label}"`);
    const gone = [...this.#requests].filter(([key]) => !next.has(key)).map(([, request]) => idOf(request));
    // A refusal leaves the punts and what the CNF has heard as they are.
    await this.#around.allowed(cnf, { requests, gone }, () => this.#want(cnf, next, gone));
    this.#isAsked = true;
    this.#pause = FIRST_RETRY_MS;
  }

  /** Says what stands in the way, of what is not VPP's. */
  #obstacleIn(dependency: ItemDependency): string | undefined {
    if (dependency.kind === "unknown") return `waits for ${dependency.key}, which only a vpp-agent can tell of`;
    if (dependency.kind !== "cnf" || this.#around.isDiscovered(dependency.label)) return undefined;
    return `waits for the CNF ${dependency.label}`;
  }

  /** New punts are added before the CNF hears of the item's change, and old ones go after it. A change of both kinds starts over. */
  async #want(cnf: Cnf, next: ReadonlyMap<string, PuntRequest>, gone: readonly PuntId[]): Promise<void> {
    const { punts, deadline } = this.#around;
    const known = this.#requests;
    const isNew = [...next.keys()].some((key) => !known.has(key));
    const isOther = [...next].some(([key, request]) => known.has(key) && !isSameRequest(request, known.get(key)!));
    // A punt whose deletion failed may be asked for again.
    this.#leaving = [...this.#leaving.filter((id) => !next.has(idKey(id))), ...gone];
    if (isOther || (isNew && gone.length > 0)) {
      await this.#withdraw();
      await this.#deleteLeaving();
    }
    this.#requests = next;
    if (next.size === 0) return;
    const set = { cnf: cnf.label, punts: [...next.values()] };
    const { failed } = await punts.apply(set, { keep: true, timeout: deadline });
    if (failed.length > 0) {
      this.#isAsked = true;
      throw new Error(failed.map(({ error }) => error.message).join("; "));
    }
  }

  async #announce(cnf: Cnf): Promise<void> {
    if (await this.#settleDoubts(cnf)) await this.#announceNow(cnf);
    if (this.#isHeard && this.#refusal === "") this.#tellPause = FIRST_RETRY_MS;
    else this.#tellLater();
  }

  get #isHeard(): boolean {
    return this.#doubtful.size === 0 && this.#unheard.size === 0 && !this.#isValueUnheard;
  }

  /** Takes back what the CNF heard in part, so that all can be sent again. @returns whether the CNF answers */
  async #settleDoubts(cnf: Cnf): Promise<boolean> {
    const own = this.#unheard.get(itemId(this.#item));
    if (own && !(await this.#unset(cnf, [own]))) return false;
    for (const [key, { metadata, ends }] of [...this.#doubtful]) {
      if (!(await cnf.announce(PuntState.DELETED, metadata))) return false;
      this.#doubtful.delete(key);
      this.#announced.delete(key);
      for (const end of ends) this.#unheard.set(itemId(end), end);
      this.#isValueUnheard ||= this.#sentVersion !== NOT_SENT;
      this.#sentVersion = NOT_SENT;
    }
    return this.#unset(cnf, this.#unused([...this.#unheard.values()]));
  }

  /** Deletes items of the CNF. @returns whether it answered */
  async #unset(cnf: Cnf, items: readonly Item[]): Promise<boolean> {
    const gone = items.flatMap(({ id }) => (id ? [create(ItemSchema, { id })] : []));
    for (const each of gone) this.#unheard.set(itemId(each), each);
    if (!(await cnf.configure(gone))) return false;
    for (const each of gone) this.#unheard.delete(itemId(each));
    return true;
  }

  /** Returns the ends that no item of the CNF has. */
  #unused(ends: readonly Item[]): Item[] {
    return ends.filter((end) => !this.has(itemId(end)) && !this.#around.isUsedByOthers(itemId(end), this));
  }

  /** Sets items of the CNF. @returns whether it answered */
  async #set(cnf: Cnf, items: readonly Item[], refused?: (text: string) => void): Promise<boolean> {
    for (const each of items) this.#unheard.delete(itemId(each));
    return cnf.configure(items, refused);
  }

  /** Sends the item's value. */
  async #setValue(cnf: Cnf): Promise<void> {
    const version = this.#version;
    this.#refusal = "";
    this.#isValueUnheard = !(await this.#set(cnf, [this.#item], (text) => {
      this.#refusal = text;
    }));
    if (!this.#isValueUnheard) this.#sentVersion = version;
  }

  #tellLater(): void {
    this.#later(this.#tellPause, () => this.look());
    this.#tellPause = Math.min(2 * this.#tellPause, LONGEST_RETRY_MS);
  }

  async #announceNow(cnf: Cnf): Promise<void> {
    const waiting = [...this.#requests.values()].flatMap((request) => this.#waitsFor(request));
    if (waiting.length > 0) {
      await this.#withdraw();
      await this.#deleteLeaving();
      return this.#pending(waiting.join("; "));
    }
    let now = this.#current();
    if (this.#mustStartOver(now)) {
      await this.#withdraw();
      now = this.#current();
    }
    const fresh = [...now].filter(([key]) => !this.#announced.has(key));
    for (const [key, punt] of fresh) await this.#tell(key, punt, () => cnf.announce(PuntState.INIT, punt.metadata));
    if (this.#sentVersion !== this.#version || this.#refusal !== "") await this.#setValue(cnf);
    for (const [key, punt] of fresh) {
      this.#announced.set(key, punt);
      await this.#tell(key, punt, () => this.#set(cnf, punt.ends));
      await this.#tell(key, punt, () => cnf.announce(PuntState.CREATED, punt.metadata));
    }
    await this.#withdrawThose(
      cnf,
      [...this.#announced.keys()].filter((key) => !now.has(key)),
    );
    await this.#deleteLeaving();
    this.#situation = this.#refusal
      ? { state: "FAILED", message: this.#refusal }
      : { state: "CONFIGURED", message: this.#isHeard ? "" : UNHEARD };
  }

  async #tell(key: string, punt: Announced, call: () => Promise<boolean>): Promise<void> {
    if (!(await call())) this.#doubtful.set(key, punt);
  }

  #waitsFor(request: PuntRequest): string[] {
    const status = this.#around.status(idOf(request));
    if (status && isMade(status.state)) return [];
    if (status?.failure) return [status.failure.message];
    return [status?.missing.map(({ text }) => text).join(", ") || "the punt is not made yet"];
  }

  #current(): Map<string, Announced> {
    const list = [...this.#requests].map(([key, request]): [string, Announced] => {
      const { metadata } = this.#around.status(idOf(request))!;
      const ends = metadata.interconnects.flatMap((each) => endsOf(each, request));
      // StoneWork has no word for an interconnect that becomes shared.
      const lasting = metadata.interconnects.map(({ shared: _, ...rest }) => rest);
      return [key, { metadata: metadataToWire(metadata), text: JSON.stringify(lasting), ends }];
    });
    return new Map(list);
  }

  /** The only sequence that a CNF understands for a change of metadata is DELETED, INIT, CREATED. */
  #mustStartOver(now: ReadonlyMap<string, Announced>): boolean {
    return [...this.#announced].some(([key, { text }]) => now.has(key) && now.get(key)!.text !== text);
  }

  /** Takes back all that the CNF has heard: the item, its punts, their ends. */
  async #withdraw(): Promise<void> {
    const cnf = this.#sentTo;
    if (cnf === undefined) return;
    if (this.#sentVersion !== NOT_SENT || this.#isValueUnheard) await this.#unset(cnf, [this.#item]);
    this.#sentVersion = NOT_SENT;
    this.#isValueUnheard = false;
    this.#refusal = "";
    await this.#withdrawThose(cnf, [...this.#announced.keys()]);
  }

  async #withdrawThose(cnf: Cnf, keys: readonly string[]): Promise<void> {
    const gone = keys.map((key) => this.#announced.get(key)!);
    for (const [index, key] of keys.entries())
      await this.#tell(key, gone[index]!, () => cnf.announce(PuntState.DELETED, gone[index]!.metadata));
    for (const key of keys) this.#announced.delete(key);
    const unused = this.#unused(gone.flatMap(({ ends }) => ends));
    await this.#unset(cnf, unused);
  }

  async #deleteLeaving(): Promise<void> {
    const { punts } = this.#around;
    for (let id = this.#leaving[0]; id !== undefined; id = this.#leaving[0]) {
      if (await punts.get(id)) await punts.delete(id);
      this.#leaving.shift();
    }
  }

  async #remove(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#sentTo === undefined || (await this.#settleDoubts(this.#sentTo))) await this.#withdraw();
    this.#leaving.push(...[...this.#requests.values()].map(idOf));
    this.#requests = new Map();
    await this.#deleteLeaving();
    this.#situation = { state: "REMOVED", message: this.#isHeard ? "" : UNHEARD };
    if (this.#isHeard) this.#around.removed(this);
    else this.#tellLater();
  }
}
