// The definition of a kind of items: how its objects are read, created, changed and deleted. Each action is idempotent.
import type { Host, HostLink } from "../../host/index.js";
import { isInterfaceName, type Marks } from "../interconnect/index.js";
import type { Facts, Seen, VppInterface } from "./facts.js";
import type { LocalHandlers } from "./local-handlers.js";
import type { Note, Notes } from "./note.js";
import type { VppApi } from "./vpp-api.js";

/** The results of the trials of VPP's devices, which are made once for each life of VPP. */
export interface DeviceWays {
  /** Path of VPP's network namespace; "" for the manager's own; undefined if the manager has no way into it. */
  readonly vppNamespace: string | undefined;
  /** Whether VPP can make TAPs; undefined if no TAP was needed yet. */
  readonly makesTaps: boolean | undefined;
  /** VPP's words where it makes no TAPs. */
  readonly refusal: string | undefined;
  /** Tells whether VPP makes a TAP in a namespace if it gets the path. */
  opens(namespace: string): Promise<boolean>;
}

export interface Surroundings {
  readonly vpp: VppApi;
  readonly host: Host;
  readonly marks: Marks;
  /**
   * Objects that are ours although VPP keeps no mark of it, by the item's key, each with the part that VPP does not report. The store has
   * a claim before the object is created, and loses it after the object is gone.
   */
  readonly claims: ReadonlyMap<string, string>;
  /**
   * Settings that were applied and that VPP has no message to read back, by the item's key. A step forgets the note before it changes the
   * object, so a note is always true.
   */
  readonly notes: Notes;
  readonly ways: DeviceWays;
}

/** A device, with the number of its namespace. */
export interface LinkIn {
  readonly id: number;
  readonly link: HostLink;
}

/** The context in which VPP's interfaces are read. */
export interface ReadContext extends Surroundings {
  /** Namespaces to read: those of desired punts, and those in which an earlier manager may have left objects. */
  readonly namespaces: ReadonlyMap<number, string>;
  /** Paths of the namespaces in which desired punts want devices, by the device's name. */
  readonly expectedIn: ReadonlyMap<string, string>;
  /** Returns the devices of a namespace with wanted names. The call is cheap if the namespace has no such device. */
  linksOf(namespace: string, isWanted: (name: string) => boolean): Promise<HostLink[]>;
  /** Returns such devices of all `namespaces`, without those of a namespace that cannot be read: `Facts` has its number. */
  linksIn(isWanted: (name: string) => boolean): Promise<LinkIn[]>;
}

export interface ObserveContext extends ReadContext, LocalHandlers {
  readonly interfaces: readonly VppInterface[];
  /** Returns the interface of an index, or undefined if it is gone. */
  interfaceAt(swIfIndex: number): VppInterface | undefined;
}

export interface ActContext extends Surroundings {
  /** Notes a setting that was applied, for later looks of this process and of others. */
  note(key: string, value: Note): void;
  /** Returns the index of an interface. @throws PuntError `ENOENT` if there is none of that id */
  indexOf(interfaceId: string): number;
  /** Keeps the index of an object that was created, for later steps of the same run. */
  made(key: string, index: number): void;
  /** Returns the index of an object that exists or was just created, by its item's key. @throws PuntError `ENOENT` if there is none */
  indexOfItem(key: string): number;
  /** Does the task at the first call with its name in this run. Every call waits for it, and fails if it fails. */
  once(name: string, task: () => Promise<void>): Promise<void>;
  /** Returns the path of a namespace. */
  namespace(id: number): string;
  /** Returns the secret of a memif interconnect. Items do not contain it, so plans do not print it. */
  secretOf(name: string): string;
  readonly facts: Facts;
}

export interface Kind<V extends object = object> {
  /** Reads the objects of this kind, ours and others'. */
  observe(context: ObserveContext): Promise<Seen<V>[]>;
  create(context: ActContext, value: V, key: string): Promise<void>;
  delete(context: ActContext, seen: Seen<V>): Promise<void>;
  /** Changes an object in place. */
  update?(context: ActContext, seen: Seen<V>, value: V): Promise<void>;
  /** Returns whether `update` can do the change. Otherwise the object is deleted and created again. */
  canUpdate?(seen: V, value: V): boolean;
  /** Returns whether an object of ours stays although no punt wants it, as its deletion would harm others. */
  stays?(seen: V): boolean;
  /** Returns the keys of the items that must exist before this one, and go only after it. */
  dependsOn(value: V): string[];
  /** Whether VPP refuses to create it while one of its dependents is there, or the dependent does not work with it: they are made again. */
  readonly comesFirst?: true;
  /** Whether it is a state of another object and goes with that object: it is never deleted. */
  readonly attribute?: true;
  /** Whether it is read only on the interfaces that punts name, so that it leaves the looks with the last of these punts. */
  readonly readWhereNamed?: true;
  /**
   * Returns the claim that the store keeps, if the object carries no mark of ours or VPP does not report a part of it.
   *
   * @param seen our object that is about to be changed to `value`: if the change is lost, it is ours still. See `bothClaims`
   */
  claim?(value: V, marks: Marks, seen?: V): string | undefined;
  /** Joins the wishes of two punts for one item, if values of this kind can be joined. */
  merge?(one: V, other: V): V;
  /** Returns the name of the object in VPP, which no object of others may have. */
  vppName?(value: V): string;
  /** Whether an equal object of another owner serves as well. It is used and never deleted. */
  readonly usesForeign?: true;
}

/** The claim on everything for which a store of version 1 kept no claims. The first complete pass drops it. */
export const OLD_CLAIM = "*";

/** Between two claims of which one holds. */
const OR = "\0";

/** Returns a claim on an object before and after a change that may be lost. */
export function bothClaims(before: string, after: string): string {
  return before === after ? after : before + OR + after;
}

/** Whether a claim is on an object before and after a change. */
export function isInDoubt(claim: string): boolean {
  return claim.includes(OR);
}

/** Returns the claims that may hold. */
export function claimsIn(claim: string | undefined): readonly string[] {
  return claim?.split(OR) ?? [];
}

/** Returns whether the store has a claim on an object that carries no mark. */
export function isClaimed(claims: ReadonlyMap<string, string>, key: string): boolean {
  return claims.has(key) || claims.has(OLD_CLAIM);
}

export function interfaceKey(id: string): string {
  return `interface/${id}`;
}

/** Returns whether an interface is one of our interconnects. */
export function isOurs(context: ObserveContext, swIfIndex: number): boolean {
  return context.interfaceAt(swIfIndex)?.ours ?? false;
}

/** Returns whether the interface with an index is the manager's own. */
export function isOnlyOurs(context: ObserveContext, swIfIndex: number): boolean {
  return isManagersOwn(context.interfaceAt(swIfIndex));
}

/**
 * Returns whether an interface is an interconnect of ours with a name that the manager chose: all that lies on it is the manager's. The
 * interface of a HAIRPIN has a name of the request, and operators use it as any other.
 */
export function isManagersOwn(found: VppInterface | undefined): boolean {
  // An interface without a tag was left half made.
  return found?.ours === true && (found.tag === "" || isInterfaceName(found.tag));
}

/** Returns the id of the interface with an index, or a text that names no interface if it is gone. */
export function idAt(context: ObserveContext, swIfIndex: number): string {
  return context.interfaceAt(swIfIndex)?.id ?? goneId(swIfIndex);
}

/** Returns whether VPP has no interface with an index. Interfaces that were made after the last look are asked for. */
export async function isGone({ vpp, interfaceAt }: ObserveContext, sw_if_index: number): Promise<boolean> {
  if (interfaceAt(sw_if_index)) return false;
  const found = await vpp.dumpAll("sw_interface_dump", { sw_if_index, name_filter_valid: false, name_filter: "" });
  return found.length === 0;
}

/** Returns the text in place of the id of an interface that is gone. */
export function goneId(swIfIndex: number): string {
  return `?${swIfIndex}`;
}

/** Returns the index in the text of an interface that is gone. */
export function goneIndex(id: string): number | undefined {
  return /^\?\d+$/.test(id) ? Number(id.slice(1)) : undefined;
}
