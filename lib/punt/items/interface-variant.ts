// A way to create the interface of an interconnect. The kind `interface` has several.
import type { Marks } from "../interconnect/index.js";
import type { Seen } from "./facts.js";
import type { ActContext, ReadContext } from "./kind.js";
import type { Refusable } from "./refusal.js";

/** A way to create the interface of an interconnect. */
export interface Variant<V extends object> {
  /** Reads our interfaces of this variant, by index. */
  observe(context: ReadContext): Promise<Map<number, Omit<V, "name">>>;
  /** Creates an interface. @returns its index */
  create(context: ActContext, value: V): Promise<number>;
  delete(context: ActContext, seen: Seen<V>): Promise<void>;
  /** Changes an interface in place. */
  update?(context: ActContext, value: V): Promise<void>;
  /** Returns whether `update` can do the change. */
  canUpdate?(seen: V, value: V): boolean;
  /** Returns the claim that the store keeps, if it needs one. */
  claim?(value: V, marks: Marks): string | undefined;
  dependsOn(value: V): string[];
  /** Returns the reasons of a refusal with VPP's code SYSCALL_ERROR, which hides Linux's. */
  refusable(value: V): Refusable;
}
