// The Linux side of the world: the emulated host, whose answers take time, and whose changes fail on demand.
import { PuntError } from "../../lib/errors.js";
import type { EmulatedHost, Host, HostChange, HostLink } from "../../lib/punt/index.js";
import type { World } from "./world/index.js";

export class Kernel implements Host {
  readonly hasVhostNet = true;
  /** Changes that fail from now on. */
  failing = 0;
  readonly #world: World;
  readonly #host: EmulatedHost;

  constructor(world: World, host: EmulatedHost) {
    this.#world = world;
    this.#host = host;
  }

  async identify(namespace: string): Promise<string | undefined> {
    await this.#world.schedule.answer("identify");
    return this.#host.identify(namespace);
  }

  async namedNamespaces(): Promise<string[]> {
    await this.#world.schedule.answer("namespaces");
    return this.#host.namedNamespaces();
  }

  async links(namespace: string): Promise<HostLink[]> {
    await this.#world.schedule.answer("links");
    return this.#host.links(namespace);
  }

  async change(namespace: string, change: HostChange): Promise<void> {
    const { schedule } = this.#world;
    await schedule.answer("change");
    if (this.failing > 0) {
      this.failing--;
      throw new PuntError("simulation.host", "EBUSY", `${change.change} ${change.name}: refused by the simulation`);
    }
    schedule.note(JSON.stringify(change));
    await this.#host.change(namespace, change);
    await schedule.answer("changed");
  }
}
