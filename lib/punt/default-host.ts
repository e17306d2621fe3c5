// The Linux side where the caller names none: this machine, unless the VPP is an embedded one whose devices are inside of it.
import { type Host, type HostChange, type HostLink, InsideHost, LinuxHost } from "../host/index.js";
import type { VppConnection } from "./options.js";
import { isDisconnect } from "./reconcile/index.js";

/** What an embedded VPP answers as its build directory while its devices are emulated. */
const EMULATED = "vpp-punt/sim/emulated";

export class DefaultHost implements Host {
  readonly #vpp: VppConnection;
  #host: Host = new LinuxHost();
  /** The VPP of this connection has been asked. */
  #isKnown = false;

  constructor(vpp: VppConnection) {
    this.#vpp = vpp;
    vpp.on("disconnected", () => {
      this.#isKnown = false;
    });
  }

  get hasVhostNet(): boolean {
    return this.#host.hasVhostNet;
  }

  get hasDevices(): boolean {
    return this.#host.hasDevices ?? true;
  }

  async identify(namespace: string): Promise<string | undefined> {
    return (await this.#known()).identify(namespace);
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

  /** Whether VPP is an embedded one may be asked of VPP only; while it is away, what it was. */
  async #known(): Promise<Host> {
    if (this.#isKnown || !this.#vpp.isConnected) return this.#host;
    const isInside = await this.#isEmulated();
    if (isInside !== this.#host instanceof InsideHost) this.#host = isInside ? new InsideHost() : new LinuxHost();
    this.#isKnown = true;
    return this.#host;
  }

  async #isEmulated(): Promise<boolean> {
    try {
      return (await this.#vpp.call("show_version")).build_directory === EMULATED;
    } catch (error) {
      // What cannot be asked is asked again; the look that this is for fails by itself.
      if (isDisconnect(error)) throw error;
      return false;
    }
  }
}
