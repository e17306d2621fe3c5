// The default Linux side: this machine, or for an embedded VPP with emulated devices, the inside of that VPP.
import { embeddedBuild } from "../embedded-build.js";
import { type Absence, type Host, type HostChange, type HostLink, InsideHost, LinuxHost } from "../host/index.js";
import { marksOf, type VppConnection } from "./options.js";
import { type DeviceReport, VppDevices } from "./reconcile/index.js";

export class DefaultHost implements Host {
  readonly #vpp: VppConnection;
  #host: Host = new LinuxHost();
  /** Whether the VPP of this connection has answered which one it is. */
  #isKnown = false;

  constructor(vpp: VppConnection) {
    this.#vpp = vpp;
    vpp.on("disconnected", this.#forget);
  }

  readonly #forget = (): void => {
    this.#isKnown = false;
  };

  release(): void {
    this.#vpp.off("disconnected", this.#forget);
  }

  get hasVhostNet(): boolean | undefined {
    return this.#host.hasVhostNet;
  }

  get hasDevices(): boolean {
    return this.#host.hasDevices ?? true;
  }

  async identify(namespace: string): Promise<string | undefined> {
    return (await this.#known()).identify(namespace);
  }

  explain(namespace: string): Absence | undefined {
    return this.#host.explain?.(namespace);
  }

  async namedNamespaces(): Promise<string[]> {
    return (await this.#known()).namedNamespaces();
  }

  async links(namespace: string): Promise<HostLink[]> {
    return (await this.#known()).links(namespace);
  }

  async deviceNames(namespace: string): Promise<readonly string[] | undefined> {
    return (await this.#known()).deviceNames?.(namespace);
  }

  async change(namespace: string, change: HostChange): Promise<void> {
    return (await this.#known()).change(namespace, change);
  }

  /** Only VPP can tell whether it is an embedded one. While it is away, its last answer counts. */
  async #known(): Promise<Host> {
    if (this.#isKnown || !this.#vpp.isConnected) return this.#host;
    // An error fails the look: devices in the wrong place would be worse.
    const isInside = (await this.#vpp.call("show_version")).build_directory === embeddedBuild("emulated");
    if (isInside !== this.#host instanceof InsideHost) this.#host = isInside ? new InsideHost() : new LinuxHost();
    this.#isKnown = true;
    return this.#host;
  }
}

/**
 * Tries what a VPP can do with devices, for a program that manages no punts there. VPP has a TAP for a moment. Needs root.
 *
 * @throws PuntError of VPP
 */
export async function tryDevices(vpp: VppConnection): Promise<DeviceReport> {
  const marks = marksOf({ owner: `try-${process.pid}` });
  const host = new DefaultHost(vpp);
  const devices = new VppDevices({ vpp, host, marks, vppNamespace: undefined });
  try {
    await devices.prepare(true);
    if (devices.makesTaps) await devices.opens(`/proc/${process.pid}/ns/net`);
    return devices.report;
  } finally {
    devices.reset();
    host.release();
  }
}
