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
  readonly #moved: (device: string, from: string, to: string) => void;

  /** @param moved called when a device of VPP's is in another namespace */
  constructor(world: World, host: EmulatedHost, moved: (device: string, from: string, to: string) => void) {
    this.#world = world;
    this.#host = host;
    this.#moved = moved;
  }

  async identify(namespace: string): Promise<string | undefined> {
    await this.#world.schedule.answer("identify");
    const found = this.#namespaces.at(namespace);
    const identity = await this.#host.identify(namespace);
    return found && `${identity} ${found}`;
  }

  async namedNamespaces(): Promise<string[]> {
    await this.#world.schedule.answer("namespaces");
    return (await this.#host.namedNamespaces()).filter((path) => this.#namespaces.at(path) !== undefined);
  }

  async links(namespace: string): Promise<HostLink[]> {
    await this.#world.schedule.answer("links");
    this.#check("links", namespace);
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
    this.#check(change.change, namespace);
    await this.#host.change(namespace, change);
    if (change.change === "move-link") this.#moved(change.name, namespace, change.to);
    await schedule.answer("changed");
  }

  get #namespaces(): World["sockets"]["namespaces"] {
    return this.#world.sockets.namespaces;
  }

  /** @throws PuntError ENOENT */
  #check(what: string, namespace: string): void {
    if (this.#namespaces.at(namespace) === undefined)
      throw new PuntError("simulation.host", "ENOENT", `${what}: there is no namespace ${namespace}`);
  }
}
