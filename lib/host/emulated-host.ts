// An emulated Linux side for the embedded VPP: its TAPs and af_packet interfaces, and the manager's settings on them.
import { PuntError } from "../errors.js";
import type { Host, HostChange, HostLink } from "./host.js";

/** An interface of the emulated host, as the embedded VPP reports it. */
export interface EmulatedInterface {
  readonly name: string;
  readonly namespace: string;
  readonly mac: string;
  /** A new interface has a new index, even with an old name. */
  readonly ifIndex: number;
  readonly mtu: number;
}

/** The part of the embedded VPP that the emulated host uses. */
export interface EmulatedInterfaces {
  /** Lists all, or those of a name or a namespace. */
  hostInterfaces(filter?: {
    readonly name?: string;
    readonly namespace?: string;
  }): Promise<readonly EmulatedInterface[]>;
  /** Sets the MTU of the host's end. */
  setHostMtu?(name: string, mtu: number, namespace?: string): Promise<void>;
}

interface LinkState {
  readonly up: boolean;
  readonly mtu: number;
  readonly mac: string;
  readonly master: string;
  readonly addresses: readonly string[];
}

const DEFAULT_MTU = 1500;

/**
 * The machine of an embedded VPP, emulated. VPP's devices exist while VPP has them; VRF devices stay until they are deleted. It needs no
 * rights and touches nothing outside.
 * @example
 * ```ts
 * import { EmulatedHost, MemoryStore, PuntManager } from "vpp-punt";
 * import { Vpp } from "vpp-punt/binapi";
 * import { EmbeddedVpp } from "vpp-punt/sim";
 *
 * await using sim = await EmbeddedVpp.start({ interfaces: ["eth0"] });
 * await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
 * const host = new EmulatedHost(sim);
 * host.setNamespace("/run/netns/cnf1", true);
 * await using manager = await PuntManager.start({ vpp, host, store: new MemoryStore() });
 * ```
 */
export class EmulatedHost implements Host {
  readonly hasVhostNet = true;
  readonly #vpp: EmulatedInterfaces;
  /** Paths without a namespace. Every other path has one. */
  readonly #missing = new Set<string>();
  readonly #named = new Set<string>();
  readonly #states = new Map<string, LinkState>();
  readonly #vrfs = new Map<string, HostLink>();
  /** The namespaces of devices that were moved out of the one in which VPP made them. */
  readonly #moved = new Map<string, string>();

  constructor(vpp: EmulatedInterfaces) {
    this.#vpp = vpp;
  }

  /** Makes a namespace exist or not. */
  setNamespace(path: string, present: boolean): void {
    if (present) this.#missing.delete(path);
    else this.#missing.add(path);
  }

  async identify(namespace: string): Promise<string | undefined> {
    if (this.#missing.has(namespace)) return undefined;
    if (namespace !== "") this.#named.add(namespace);
    return `emulated:${namespace}`;
  }

  async namedNamespaces(): Promise<string[]> {
    return [...this.#named];
  }

  async links(namespace: string): Promise<HostLink[]> {
    const interfaces = await this.#devices(namespace);
    const vrfs = [...this.#vrfs].filter(([key]) => key.startsWith(`${namespace}\0`)).map(([, link]) => link);
    return [...vrfs, ...interfaces.map((device) => this.#link(device))];
  }

  async change(namespace: string, change: HostChange): Promise<void> {
    const { name } = change;
    if (change.change === "add-vrf") return this.#addVrf(namespace, change);
    if (change.change === "add-veth") throw refused("ENOTSUP", change.change, name);
    if (this.#vrfs.has(key(namespace, name))) return this.#changeVrf(namespace, change);
    const [found] = await this.#devices(namespace, name);
    if (!found || change.change === "delete-link") throw refused("ENOENT", change.change, name);
    if (change.change === "move-link") return this.#move(found, change.to);
    const state = this.#changed(namespace, this.#state(found), change);
    if (state.mtu !== found.mtu) await this.#vpp.setHostMtu?.(name, state.mtu, found.namespace);
    this.#states.set(identityOf(found), state);
  }

  /** Lists VPP's devices that are in a namespace now. */
  async #devices(namespace: string, name?: string): Promise<readonly EmulatedInterface[]> {
    const named = name === undefined ? {} : { name };
    if (this.#moved.size === 0) return this.#vpp.hostInterfaces({ ...named, namespace });
    const all = await this.#vpp.hostInterfaces(named);
    return all.filter((each) => (this.#moved.get(identityOf(each)) ?? each.namespace) === namespace);
  }

  /** As in Linux, the device is down afterwards, and has neither addresses nor a master. */
  #move(found: EmulatedInterface, to: string): void {
    if (this.#missing.has(to)) throw refused("ENOENT", "move-link", to);
    const { mtu, mac } = this.#state(found);
    this.#moved.set(identityOf(found), to);
    this.#states.set(identityOf(found), { up: false, mtu, mac, master: "", addresses: [] });
  }

  #link(found: EmulatedInterface): HostLink {
    return { ...this.#state(found), name: found.name, group: 0, kind: "tun" };
  }

  #state(found: EmulatedInterface): LinkState {
    const initial = { up: false, mtu: found.mtu || DEFAULT_MTU, mac: found.mac, master: "", addresses: [] };
    return this.#states.get(identityOf(found)) ?? initial;
  }

  #changed(namespace: string, state: LinkState, change: HostChange): LinkState {
    const { addresses } = state;
    switch (change.change) {
      case "set-link":
        return this.#set(namespace, state, change);
      case "add-address":
        return { ...state, addresses: [...new Set([...addresses, change.address])].sort() };
      case "delete-address":
        if (!addresses.includes(change.address)) throw refused("ENOENT", change.change, change.address);
        return { ...state, addresses: addresses.filter((address) => address !== change.address) };
      default:
        throw refused("ENOTSUP", change.change, change.name);
    }
  }

  #set(namespace: string, state: LinkState, change: Extract<HostChange, { change: "set-link" }>): LinkState {
    const { master = state.master, mtu = state.mtu, mac = state.mac, up = state.up } = change;
    if (master !== "" && !this.#vrfs.has(key(namespace, master))) throw refused("ENOENT", change.change, master);
    // In Linux a device that changes its VRF loses its IPv6 addresses. Here it loses all, so that code cannot rely on the rest.
    const addresses = master === state.master ? state.addresses : [];
    return { up, mtu, mac, master, addresses };
  }

  #addVrf(namespace: string, { name, table, group }: Extract<HostChange, { change: "add-vrf" }>): void {
    if (this.#vrfs.has(key(namespace, name))) throw refused("EEXIST", "add-vrf", name);
    const link = { name, table, group, kind: "vrf", mac: "", mtu: 65536, up: false, master: "", addresses: [] };
    this.#vrfs.set(key(namespace, name), link);
  }

  /** As in Linux, its members lose their master. */
  #deleteVrf(namespace: string, name: string): void {
    this.#vrfs.delete(key(namespace, name));
    for (const [id, state] of this.#states) {
      const isHere = (this.#moved.get(id) ?? id.split("\0", 1)[0]) === namespace;
      if (isHere && state.master === name) this.#states.set(id, { ...state, master: "" });
    }
  }

  #changeVrf(namespace: string, change: HostChange): void {
    const id = key(namespace, change.name);
    const vrf = this.#vrfs.get(id)!;
    if (change.change === "delete-link") this.#deleteVrf(namespace, change.name);
    else if (change.change === "set-link") this.#vrfs.set(id, { ...vrf, up: change.up ?? vrf.up });
    else throw refused("ENOTSUP", change.change, change.name);
  }
}

/** An embedded VPP that was killed uses the same indexes again, for other interfaces. */
function identityOf({ namespace, name, mac, ifIndex }: EmulatedInterface): string {
  return `${namespace}\0${name}\0${mac}\0${ifIndex}`;
}

function key(namespace: string, name: string): string {
  return `${namespace}\0${name}`;
}

function refused(code: string, what: string, name: string): PuntError {
  return new PuntError("host.emulated", code, `${what} ${name}: refused by the emulated host`, { name });
}
