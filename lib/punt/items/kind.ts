// What every kind of item can do: be found, be made, be taken away. Each of the three is idempotent.
import type { Host, HostLink } from "../../host/index.js";
import type { Marks } from "../interconnect/index.js";
import type { Facts, Seen, VppInterface } from "./facts.js";
import type { VppApi } from "./vpp-api.js";

export interface Surroundings {
  readonly vpp: VppApi;
  readonly host: Host;
  readonly marks: Marks;
  /**
   * What VPP cannot tell of an object of ours, by the item's key: written to the store before it is made, and struck out when
   * it is seen to be gone.
   */
  readonly claims: ReadonlyMap<string, string>;
  /**
   * What was applied where VPP has no message that reads it back, by the item's key. A step that changes the object makes it
   * forgotten before, so that what is noted is so.
   */
  readonly notes: ReadonlyMap<string, object>;
}

export interface ObserveContext extends Surroundings {
  readonly interfaces: readonly VppInterface[];
  /** The interface of that index; undefined for one that is gone. */
  interfaceAt(swIfIndex: number): VppInterface | undefined;
  /** Namespaces to look into: those that desired punts, or ours before, live in. */
  readonly namespaces: ReadonlyMap<number, string>;
  /** The devices of such names in a namespace. Asking for few names is cheap where there are none of them. */
  linksOf(namespace: string, isWanted: (name: string) => boolean): Promise<HostLink[]>;
}

export interface ActContext extends Surroundings {
  /** Notes what was applied, for later looks of this process and of others. */
  note(key: string, value: object): void;
  /** Its index now. @throws PuntError if there is none of that id */
  indexOf(interfaceId: string): number;
  /** What the step before in the same run made. */
  made(key: string, index: number): void;
  /** Index of an object seen or just made, by its item's key. @throws PuntError */
  indexOfItem(key: string): number;
  /** The namespace's path. */
  namespace(id: number): string;
  /** The secret of a memif interconnect. It is no part of an item, so that no plan prints it. */
  secretOf(name: string): string;
  readonly facts: Facts;
}

export interface Kind<V extends object = object> {
  /** Objects of this kind, ours and others'. */
  observe(context: ObserveContext): Promise<Seen<V>[]>;
  create(context: ActContext, value: V, key: string): Promise<void>;
  delete(context: ActContext, seen: Seen<V>): Promise<void>;
  /** Changes it where it is; without this, or where it says no, it is deleted and created anew. */
  update?(context: ActContext, seen: Seen<V>, value: V): Promise<void>;
  canUpdate?(seen: V, value: V): boolean;
  /** Keys of the items that have to be there before it, and may only go after it. */
  dependsOn(value: V): string[];
  /** It is a state of another object: there is nothing to delete, it goes with that. */
  readonly attribute?: true;
  /** What the store has to remember of it, because VPP bears no mark of ours or keeps a part of it to itself. */
  claim?(value: V): string | undefined;
  /** What two punts together want of one item, where values of this kind add up. */
  merge?(one: V, other: V): V;
  /** The name that VPP gives the object, which no object of others may have. */
  vppName?(value: V): string;
  /** Another's object of equal value does as well; it is used and never deleted. */
  readonly usesForeign?: true;
}

/** A claim on everything that a store of version 1 kept no claims of. It goes with the first look. */
export const OLD_CLAIM = "*";

/** Whether the store says that an object without a mark is ours. */
export function isClaimed(claims: ReadonlyMap<string, string>, key: string): boolean {
  return claims.has(key) || claims.has(OLD_CLAIM);
}

export function interfaceKey(id: string): string {
  return `interface/${id}`;
}

/** Whether the interface is one of our interconnects. */
export function isOurs(context: ObserveContext, swIfIndex: number): boolean {
  return context.interfaceAt(swIfIndex)?.ours ?? false;
}

/** The id of the interface of that index, or a text that names nothing for one that is gone. */
export function idAt(context: ObserveContext, swIfIndex: number): string {
  return context.interfaceAt(swIfIndex)?.id ?? `?${swIfIndex}`;
}

/** The index in an id that `idAt` made for an interface that is gone. */
export function goneIndex(id: string): number | undefined {
  return /^\?\d+$/.test(id) ? Number(id.slice(1)) : undefined;
}
