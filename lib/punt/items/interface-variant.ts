// The ways to make an interconnect's interface, as the kind `interface` uses them.
import type { Seen } from "./facts.js";
import type { ActContext, Surroundings } from "./kind.js";

/** One way to make an interconnect's interface. */
export interface Variant<V extends object> {
  /** Those that are ours, by index. */
  observe(surroundings: Surroundings): Promise<Map<number, Omit<V, "name">>>;
  /** @returns its index */
  create(context: ActContext, value: V): Promise<number>;
  delete(context: ActContext, seen: Seen<V>): Promise<void>;
  /** What the store has to remember of it. */
  claim?(value: V): string;
  dependsOn(value: V): string[];
}
