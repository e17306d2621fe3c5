// A way to create the interface of an interconnect. The kind `interface` has several.
import type { Seen } from "./facts.js";
import type { ActContext, Surroundings } from "./kind.js";

/** A way to create the interface of an interconnect. */
export interface Variant<V extends object> {
  /** Reads our interfaces of this variant, by index. */
  observe(surroundings: Surroundings): Promise<Map<number, Omit<V, "name">>>;
  /** Creates an interface. @returns its index */
  create(context: ActContext, value: V): Promise<number>;
  delete(context: ActContext, seen: Seen<V>): Promise<void>;
  /** Returns the claim that the store keeps. */
  claim?(value: V): string;
  dependsOn(value: V): string[];
}
