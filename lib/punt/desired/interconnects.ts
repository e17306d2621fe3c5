// The interconnects of all punts: assigns them, shares them and refuses conflicts.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { PuntError } from "../../errors.js";
import { LowestFree } from "../../lowest-free.js";
import type { Family } from "../../net/index.js";
import {
  firstFree,
  fnv1a,
  hashLetters,
  type Interconnect,
  type InterfaceLink,
  interconnectKey,
  interfaceName,
  isOurMemifSocket,
  keyOf,
  type LinkKind,
  type Need,
  type SubnetPool,
  sameLink,
  subnetsOf,
} from "../interconnect/index.js";
import { idKey, idOf, idText, type PuntId, type PuntRequest } from "../request/index.js";
import { type ExclusiveKey, handlerOf } from "../types/index.js";
import { Exclusives } from "./exclusive.js";
import { inStoredNames, inUsedNames, type OtherNames, selectorsOf } from "./interface-names.js";

export interface Settings {
  /** Prefix of the texts from which names are made. */
  readonly seed: string;
  /** Whether names, secrets and MAC addresses are made as StoneWork makes them. */
  readonly likeStoneWork?: boolean;
  /** Folder of the memif sockets. */
  readonly memifDirectory: string;
  /** Precedes the letters in the names of memif sockets. */
  readonly memifOwner: string;
  readonly pools: Readonly<Record<Family, SubnetPool>>;
}

/** The first priority at an interface. A lower number wins. */
const LOWEST_PRIORITY = 1;

/** Random bytes in a memif secret. As 22 letters they fit into memif's field of 23 characters. */
const SECRET_BYTES = 16;

/** The interconnects of one VPP selector. */
class AtSelector {
  readonly keys = new Set<string>();
  readonly priorities = new LowestFree(LOWEST_PRIORITY);

  put(key: string, { priority }: Interconnect): void {
    this.keys.add(key);
    this.priorities.take(priority);
  }

  remove(key: string, { priority }: Interconnect): this {
    this.keys.delete(key);
    this.priorities.release(priority);
    return this;
  }
}

/** The interconnects of all punts. A method that throws leaves everything as it was. */
export class Interconnects {
  readonly #settings: Settings;
  readonly #otherNames: OtherNames;
  #all = new Map<string, Interconnect>();
  /** Their interfaces have the names by which other punts use them already. */
  #punts = new Map<string, PuntRequest>();
  /** By VPP selector: the search for a conflict costs the same with ten punts and with ten thousand. */
  #bySelector = new Map<string, AtSelector>();
  #byPunt = new Map<string, string[]>();
  readonly #exclusives = new Exclusives();
  #nameHashes = new Map<number, string>();
  #memifIds = new Set<string>();
  /** The interconnects that a punt had before the change under way. */
  #kept: ReadonlyMap<string, Interconnect> = new Map();
  #keptSelectors: ReadonlySet<string> = new Set();
  /** Numbers of subnets in use, for each pool. */
  readonly #subnetNumbers: Readonly<Record<Family, LowestFree>> = { 4: new LowestFree(), 6: new LowestFree() };

  constructor(settings: Settings, otherNames: OtherNames = () => []) {
    this.#settings = settings;
    this.#otherNames = otherNames;
  }

  /**
   * Takes the interconnects of the store. A store that was written by hand or by a faulty version may have interconnects without a punt,
   * which are dropped, and punts without all of their interconnects.
   *
   * @returns the punts without all of their interconnects; they have none now
   * @throws PuntError `ERR_POOL_EXHAUSTED`: the pools have become too small
   */
  restore(interconnects: readonly Interconnect[], requests: readonly PuntRequest[]): PuntRequest[] {
    const ofUser = new Map<string, Interconnect[]>();
    for (const interconnect of interconnects)
      for (const user of interconnect.users) ofUser.set(user, [...(ofUser.get(user) ?? []), interconnect]);
    const whole = new Map<string, Interconnect[]>();
    const stored = requests.map((request) => inStoredNames(request, ofUser.get(idKey(request)) ?? []));
    for (const request of stored) {
      const selectors = new Set(selectorsOf(request));
      const own = (ofUser.get(idKey(request)) ?? []).filter(({ vppSelector }) => selectors.has(vppSelector));
      if (own.length === selectors.size) whole.set(idKey(request), own);
    }
    for (const interconnect of interconnects) {
      const users = interconnect.users.filter((user) => whole.get(user)?.includes(interconnect));
      const subnets = this.#inPools(interconnect);
      if (users.length > 0) this.#put({ ...interconnect, users, subnets, ...this.#ourSocket(interconnect) });
    }
    this.#fillSubnets();
    for (const request of stored) {
      const own = whole.get(idKey(request));
      if (own) this.#link(request, own);
    }
    return requests.filter((request) => !whole.has(idKey(request)));
  }

  /** A pool may have become smaller since the store was written. */
  #inPools(interconnect: Interconnect): Interconnect["subnets"] {
    const { pools } = this.#settings;
    return Object.fromEntries(subnetsOf(interconnect).filter(([family, number]) => number < pools[family].size));
  }

  /** Gives interconnects the subnets that they lack. @throws PuntError `ERR_POOL_EXHAUSTED` */
  #fillSubnets(): void {
    for (const interconnect of this.#all.values()) {
      const { link, subnets } = interconnect;
      if (link.form === "interface" && link.subnets.some((family) => subnets[family] === undefined))
        this.#put({ ...interconnect, subnets: this.#subnets(link, subnets) });
    }
  }

  /** Returns a copy of the present state: all interconnects by key, and the keys of each punt's interconnects. */
  copy(): { all: ReadonlyMap<string, Interconnect>; byPunt: ReadonlyMap<string, readonly string[]> } {
    return { all: new Map(this.#all), byPunt: new Map(this.#byPunt) };
  }

  all(): Interconnect[] {
    return [...this.#all.values()];
  }

  /** Returns the interconnects of one punt, in the order in which its type lists them. */
  of(id: PuntId): Interconnect[] {
    return (this.#byPunt.get(idKey(id)) ?? []).map((key) => this.#all.get(key)!);
  }

  /**
   * Gives a punt its interconnects, new or shared.
   *
   * @param netns number of the CNF's network namespace
   * @throws PuntError `ERR_CONFLICT`, with both punts and the selector; `ERR_POOL_EXHAUSTED`: no subnet is left
   */
  assign(asked: PuntRequest, netns: number): Interconnect[] {
    const request = inUsedNames(asked, this.#otherNames, (selector) => this.#isUsed(selector));
    const drafts: Interconnect[] = [];
    for (const need of handlerOf(request).needs(request)) drafts.push(this.#draft(request, need, netns, drafts));
    this.#refuseRivals(request, drafts);
    for (const draft of drafts) this.#put(draft);
    this.#link(request, drafts);
    return drafts;
  }

  #isUsed(selector: string): boolean {
    return this.#bySelector.has(selector) || this.#keptSelectors.has(selector);
  }

  /** Takes the punt off its interconnects. @returns the interconnects without users, which are forgotten: their names and subnets are free */
  release(id: PuntId): Interconnect[] {
    const key = idKey(id);
    const unused: Interconnect[] = [];
    for (const interconnect of this.of(id)) {
      const users = interconnect.users.filter((user) => user !== key);
      if (users.length > 0) this.#put({ ...interconnect, users, ...this.#ourSocket(interconnect) });
      else unused.push(interconnect);
    }
    for (const interconnect of unused) this.#remove(interconnect);
    this.#unlink(key);
    return unused;
  }

  /**
   * Gives a punt with a new request the interconnects that it needs now. An interconnect of equal selectors keeps its name, MAC address,
   * subnets and secret.
   *
   * @throws PuntError as `assign`; the punt keeps its interconnects
   */
  reassign(request: PuntRequest, netns: number): Interconnect[] {
    const before = this.of(request);
    const old = this.#punts.get(idKey(request))!;
    this.release(request);
    this.#keep(before);
    try {
      return this.assign(request, netns);
    } catch (error) {
      this.#reinstate(old, before);
      throw error;
    } finally {
      this.#keep([]);
    }
  }

  #keep(interconnects: readonly Interconnect[]): void {
    this.#kept = new Map(interconnects.map((interconnect) => [interconnectKey(interconnect), interconnect]));
    this.#keptSelectors = new Set(interconnects.map(({ vppSelector }) => vppSelector));
  }

  /** Undoes a release. */
  #reinstate(request: PuntRequest, interconnects: readonly Interconnect[]): void {
    for (const interconnect of interconnects) this.#put(interconnect);
    this.#link(request, interconnects);
  }

  #draft(request: PuntRequest, need: Need, netns: number, drafts: readonly Interconnect[]): Interconnect {
    const cnfSelector = this.#cnfSelector(request, need, netns, drafts);
    const rival = this.#conflict(request, need, cnfSelector);
    if (rival) throw conflict(request, this.#punts.get(rival.users[0])!, need.vppSelector, cnfSelector);
    const existing = this.#all.get(keyOf(need.vppSelector, cnfSelector));
    if (existing) return { ...existing, users: [...existing.users, idKey(idOf(request))] };
    return this.#create(request, need, cnfSelector, netns, drafts);
  }

  /** Returns an interconnect that conflicts: its type does not multiplex, or it is the same interconnect and cannot be shared. */
  #conflict(request: PuntRequest, need: Need, cnfSelector: string): Interconnect | undefined {
    const [first] = this.#bySelector.get(need.vppSelector)?.keys ?? [];
    if (first === undefined) return undefined;
    // The punts of one selector all multiplex, or there is only one.
    const other = this.#all.get(first)!;
    const owner = this.#punts.get(other.users[0])!;
    if (!handlerOf(request).multiplexes || !handlerOf(owner).multiplexes) return other;
    const same = this.#all.get(keyOf(need.vppSelector, cnfSelector));
    return same && !isShareable(request, need, same) ? same : undefined;
  }

  #cnfSelector(request: PuntRequest, need: Need, netns: number, drafts: readonly Interconnect[]): string {
    if (need.link.form === "socket") return `af-unix::${need.link.path}`;
    if (request.interconnect === "TAP") return `netns::${netns}`;
    const taken = (id: string) =>
      this.#memifIds.has(id) || drafts.some((draft) => draft.cnfSelector === `memif::${id}`);
    const memifId = (text: string) => `${this.#settings.memifOwner}${hashLetters(text, 5)}`;
    return `memif::${firstFree(`${this.#idText(request)}:${need.vppSelector}`, memifId, taken)}`;
  }

  #idText(request: PuntRequest): string {
    const { cnf, key, label } = request;
    return this.#settings.likeStoneWork ? [cnf, key, label].join("|") : idText(request);
  }

  #create(
    request: PuntRequest,
    need: Need,
    cnfSelector: string,
    netns: number,
    drafts: readonly Interconnect[],
  ): Interconnect {
    const basis = {
      vppSelector: need.vppSelector,
      cnfSelector,
      type: request.interconnect,
      link: need.link,
      users: [idKey(idOf(request))],
    };
    if (need.link.form === "socket") return { ...basis, name: "", subnets: {}, priority: 0 };
    const name = this.#name(request, need.link, `${need.vppSelector}|${cnfSelector}`, need.vppSelector, drafts);
    const before = this.#kept.get(keyOf(need.vppSelector, cnfSelector));
    const own = {
      ...basis,
      name,
      ...this.#macName(request, need.link, keyOf(need.vppSelector, cnfSelector)),
      subnets: this.#subnets(need.link, before?.subnets),
      priority: before?.priority ?? this.#bySelector.get(need.vppSelector)?.priorities.lowest() ?? LOWEST_PRIORITY,
    };
    return request.interconnect === "TAP" ? { ...own, netns } : { ...own, ...this.#memif(cnfSelector, before) };
  }

  #name(
    request: PuntRequest,
    link: InterfaceLink,
    identity: string,
    selector: string,
    drafts: readonly Interconnect[],
  ): string {
    const taken = (name: string) =>
      this.#nameHashes.has(fnv1a(name)) || drafts.some((draft) => fnv1a(draft.name) === fnv1a(name));
    if (link.name === undefined)
      return firstFree(
        this.#settings.seed + identity,
        (text) => interfaceName(request.interconnect as LinkKind, text),
        taken,
      );
    if (taken(link.name)) throw nameTaken(request, link.name, this.#nameHashes.get(fnv1a(link.name)), selector);
    return link.name;
  }

  /** StoneWork makes the MAC addresses of an interface that the request names of the name that it would have otherwise. */
  #macName({ interconnect }: PuntRequest, { name }: InterfaceLink, identity: string): { macName?: string } {
    if (!this.#settings.likeStoneWork || name === undefined) return {};
    return { macName: interfaceName(interconnect as LinkKind, identity) };
  }

  #subnets(link: InterfaceLink, before: Interconnect["subnets"] = {}): Partial<Record<Family, number>> {
    const { pools } = this.#settings;
    return Object.fromEntries(
      link.subnets.map((family) => [family, before[family] ?? pools[family].allocate(this.#subnetNumbers[family])]),
    );
  }

  #memif(cnfSelector: string, before: Interconnect | undefined): { socket: string; secret: string } {
    const id = cnfSelector.slice("memif::".length);
    return { socket: this.#socket(id), secret: before?.secret ?? this.#secret(id) };
  }

  #socket(id: string): string {
    const { memifDirectory, memifOwner } = this.#settings;
    // An interconnect of a store of version 0.1 has no owner in its id.
    return join(memifDirectory, `memif-${id.startsWith(memifOwner) ? "" : memifOwner}${id}.sock`);
  }

  /** The socket of a memif of the store, if the stored one lies in another folder or has the name of another owner's. */
  #ourSocket({ socket, cnfSelector }: Interconnect): { socket?: string } {
    if (socket === undefined || isOurMemifSocket(this.#settings, socket)) return {};
    return { socket: this.#socket(cnfSelector.slice("memif::".length)) };
  }

  #secret(letters: string): string {
    return this.#settings.likeStoneWork ? letters : randomBytes(SECRET_BYTES).toString("base64url");
  }

  #refuseRivals(request: PuntRequest, drafts: readonly Interconnect[]): void {
    const [draft] = drafts;
    for (const exclusive of exclusiveKeysOf(request)) {
      const rival = this.#exclusives.rival(exclusive, interconnectKey(draft!));
      if (rival !== undefined) throw conflict(request, this.#punts.get(rival)!, exclusive.key, draft!.cnfSelector);
    }
  }

  #put(interconnect: Interconnect): void {
    const key = interconnectKey(interconnect);
    this.#all.set(key, interconnect);
    this.#at(interconnect.vppSelector).put(key, interconnect);
    if (interconnect.name !== "") this.#nameHashes.set(fnv1a(interconnect.name), key);
    if (interconnect.type === "MEMIF") this.#memifIds.add(interconnect.cnfSelector.slice("memif::".length));
    for (const [family, number] of subnetsOf(interconnect)) this.#subnetNumbers[family].take(number);
  }

  #remove(interconnect: Interconnect): void {
    const key = interconnectKey(interconnect);
    this.#all.delete(key);
    const { keys } = this.#at(interconnect.vppSelector).remove(key, interconnect);
    if (keys.size === 0) this.#bySelector.delete(interconnect.vppSelector);
    if (interconnect.name !== "") this.#nameHashes.delete(fnv1a(interconnect.name));
    if (interconnect.type === "MEMIF") this.#memifIds.delete(interconnect.cnfSelector.slice("memif::".length));
    for (const [family, number] of subnetsOf(interconnect)) this.#subnetNumbers[family].release(number);
  }

  #at(vppSelector: string): AtSelector {
    const known = this.#bySelector.get(vppSelector) ?? new AtSelector();
    this.#bySelector.set(vppSelector, known);
    return known;
  }

  #link(request: PuntRequest, interconnects: readonly Interconnect[]): void {
    const key = idKey(idOf(request));
    this.#punts.set(key, request);
    const order = selectorsOf(request);
    const sorted = [...interconnects].sort((a, b) => order.indexOf(a.vppSelector) - order.indexOf(b.vppSelector));
    this.#byPunt.set(key, sorted.map(interconnectKey));
    for (const exclusive of exclusiveKeysOf(request)) this.#exclusives.put(exclusive, key, interconnectKey(sorted[0]!));
  }

  #unlink(key: string): void {
    const request = this.#punts.get(key);
    for (const exclusive of request ? exclusiveKeysOf(request) : []) this.#exclusives.remove(exclusive, key);
    this.#punts.delete(key);
    this.#byPunt.delete(key);
  }
}

function exclusiveKeysOf(request: PuntRequest): ExclusiveKey[] {
  return handlerOf(request).exclusiveKeys?.(request) ?? [];
}

function isShareable(request: PuntRequest, need: Need, other: Interconnect): boolean {
  return request.interconnect === "TAP" && other.type === "TAP" && sameLink(need.link, other.link);
}

function conflict(request: PuntRequest, other: PuntRequest, selector: string, cnfSelector: string): PuntError {
  const message = `punt ${idText(request)} (${request.type}) and punt ${idText(other)} (${other.type}) both want ${selector}`;
  const details = { punt: idOf(request), other: idOf(other), selector, cnfSelector };
  return new PuntError("punt.add", "ERR_CONFLICT", message, details);
}

function nameTaken(request: PuntRequest, name: string, owner: string | undefined, selector: string): PuntError {
  const message = `punt ${idText(request)}: the name ${name} belongs to the interconnect ${owner ?? selector}`;
  return new PuntError("punt.add", "ERR_CONFLICT", message, { punt: idOf(request), name, selector });
}
