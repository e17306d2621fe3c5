// A real VPP in the place of the embedded one: a program that starts an `EmbeddedVpp` gets this class by the hook beside it.
import { EventEmitter } from "node:events";
import { rmSync } from "node:fs";
import { Vpp } from "../../../lib/binapi/index.js";
import { PacketSocket } from "../../../lib/packet-socket/index.js";
import type { EmbeddedVppOptions } from "../../../lib/sim/index.js";
import { command, Network } from "../machine/netns.js";
import { type RealVpp, startVpp } from "./real.js";
import { everyInterface } from "./scenario.js";

const DEVICE = "eth0";

/** The wire of one interface: a veth pair, whose far end is in a namespace of its own. */
class RealWire extends EventEmitter<{ tx: [frame: Uint8Array] }> {
  readonly #port: PacketSocket;

  constructor(namespace: string) {
    super();
    this.#port = PacketSocket.open({ device: DEVICE, namespace: `/run/netns/${namespace}` });
    this.#port.receive((batch) => {
      for (let i = 0; i < batch.length; i++) this.emit("tx", Uint8Array.from(batch.view(i)));
    });
  }

  inject(frames: Uint8Array | readonly Uint8Array[]): void {
    const all = frames instanceof Uint8Array ? [frames] : frames;
    const sent = this.#port.send(all);
    if (sent < all.length) throw new Error(`the wire took ${sent} of ${all.length} frames`);
  }

  close(): void {
    this.#port.close();
  }
}

/** The part of an `EmbeddedVpp` that the programs of examples/ use. */
export class EmbeddedVpp implements AsyncDisposable {
  readonly #vpp: RealVpp;
  readonly #network: Network;
  readonly #wires = new Map<string, RealWire>();
  #api!: Vpp;

  private constructor(vpp: RealVpp) {
    this.#vpp = vpp;
    this.#network = new Network(vpp);
  }

  static async start({ interfaces = [], exec = [] }: EmbeddedVppOptions = {}): Promise<EmbeddedVpp> {
    const started = new EmbeddedVpp(await startVpp());
    try {
      await started.#configure(interfaces, exec);
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
    return started;
  }

  get directory(): string {
    return this.#vpp.directory;
  }

  get apiSocket(): string {
    return this.#vpp.apiSocket;
  }

  get puntSocket(): string {
    return this.#vpp.puntSocket;
  }

  interface(name: string): RealWire {
    return this.#wires.get(name)!;
  }

  async interfaces(): Promise<{ name: string; linkUp: boolean }[]> {
    const all = await this.#api.dumpAll("sw_interface_dump", everyInterface);
    return all.map(({ interface_name: name, flags }) => ({
      name,
      linkUp: flags.includes("IF_STATUS_API_FLAG_LINK_UP"),
    }));
  }

  async #configure(interfaces: NonNullable<EmbeddedVppOptions["interfaces"]>, exec: readonly string[]): Promise<void> {
    this.#api = await Vpp.connect({ socketPath: this.apiSocket });
    const names = new Map<string, string>();
    for (const each of interfaces) {
      const { name, mac } = typeof each === "string" ? { name: each } : each;
      names.set(name, await this.#addWire(name, mac));
    }
    // The names of the program are tags here, and VPP's command line knows no tags.
    await this.#vpp.configure(...exec.map((line) => line.replace(/\S+/g, (word) => names.get(word) ?? word)));
  }

  /** Returns VPP's name of the new interface. */
  async #addWire(name: string, mac?: string): Promise<string> {
    const host = await this.#network.host();
    // Linux's own packets (MLD, router solicitations) are not the program's.
    await host.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
    const vppName = await this.#network.link(host, { device: DEVICE });
    const ours = vppName.replace(/^host-/, "");
    await command("sysctl", "-qw", `net.ipv6.conf.${ours}.disable_ipv6=1`);
    await this.#vpp.configure(`set interface tag ${vppName} ${name}`);
    if (mac !== undefined) await this.#vpp.configure(`set interface mac address ${vppName} ${mac}`);
    this.#wires.set(name, new RealWire(host.name));
    return vppName;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires.values()) wire.close();
    await this.#api?.close();
    this.#network.abandon();
    rmSync(`${this.directory}/memif`, { recursive: true, force: true });
    await this.#vpp.stop();
  }
}
