// VPP's interfaces as a daemon tells them.
import { EventEmitter } from "node:events";
import { guarded } from "../../guarded.js";
import { byUniqueTag } from "../../vpp/index.js";
import type { VppInterface } from "../../wire/index.js";
import { type Connection, isLost, Pauses } from "./connection.js";

/** Interfaces by name, by tag and by index. While the daemon is away they stay as they were. */
export class RemoteInterfaces extends EventEmitter<{ change: [] }> {
  readonly #connection: Connection;
  #byName = new Map<string, VppInterface>();
  #byIndex = new Map<number, VppInterface>();

  /** Resolves when the daemon has told the interfaces for the first time, or tells none. */
  readonly known: Promise<void>;

  constructor(connection: Connection) {
    super();
    this.#connection = connection;
    const told = new Promise<void>((resolve) => this.once("change", resolve));
    this.known = Promise.race([told, this.#follow()]);
  }

  get size(): number {
    return this.#byIndex.size;
  }

  find(name: string): { readonly swIfIndex: number; readonly mac: string } | undefined {
    return this.#byName.get(name);
  }

  has(swIfIndex: number): boolean {
    return this.#byIndex.has(swIfIndex);
  }

  nameOf(swIfIndex: number): string | undefined {
    return this.#byIndex.get(swIfIndex)?.name;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#connection.ending;
    const pauses = new Pauses();
    while (!signal.aborted) {
      try {
        for await (const { interfaces } of this.#connection.client.watchInterfaces({}, { signal })) {
          pauses.reset();
          this.#set(interfaces);
        }
      } catch (error) {
        // A policy that refuses this leaves names unknown; sending by name says so.
        if (!signal.aborted && !isLost(error)) return;
      }
      await pauses.wait(signal).catch(() => {});
    }
  }

  #set(interfaces: readonly VppInterface[]): void {
    this.#byIndex = new Map(interfaces.map((each) => [each.swIfIndex, each]));
    this.#byName = new Map(interfaces.map((each) => [each.name, each]));
    for (const [tag, each] of byUniqueTag(interfaces)) this.#byName.set(tag, each);
    guarded(() => void this.emit("change"));
  }
}
