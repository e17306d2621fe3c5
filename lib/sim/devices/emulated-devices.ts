// A host without a machine: the other ends of TAPs and af_packet interfaces.
import type { DataPlane } from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import type { HostDevice, TapConfig } from "./factory.js";
import { EmulatedDevice, HostInterface } from "./host-interface.js";

/** Linux's default for a TAP. */
const DEFAULT_MTU = 1500;
const LONGEST_NAME = 15;
/** Linux's indexes are small numbers. These cannot be mistaken for an index of this machine. */
const FIRST_IF_INDEX = 100_000;

/** The interfaces of a host that does not exist: TAPs that VPP makes, and interfaces that af_packet uses. */
export class EmulatedDevices {
  readonly #interfaces = new Map<string, HostInterface>();
  #nextIfIndex = FIRST_IF_INDEX;

  /** Returns the host's end by its name and by the namespace that VPP got. */
  find(name: string, namespace = ""): HostInterface | undefined {
    return this.#interfaces.get(key(name, namespace));
  }

  values(): HostInterface[] {
    return [...this.#interfaces.values()];
  }

  tap(dp: DataPlane, config: TapConfig): HostDevice {
    const { hostName, namespace, hostMac, mtu, addresses } = config;
    if (hostName === "" || Buffer.byteLength(hostName) > LONGEST_NAME) {
      throw new VnetError("SYSCALL_ERROR_2", `"${hostName}" cannot be the name of a host interface`);
    }
    if (this.find(hostName, namespace)) throw new VnetError("SYSCALL_ERROR_2", `${hostName} is in use on the host`);
    const host = new HostInterface(hostName, namespace, hostMac, this.#nextIfIndex++, mtu || DEFAULT_MTU, addresses);
    this.#interfaces.set(key(hostName, namespace), host);
    return new EmulatedDevice(dp, host, "virtio", () => this.#interfaces.delete(key(hostName, namespace)));
  }

  /** Makes an interface of any name: it exists from the moment at which VPP asks for it. */
  afPacket(dp: DataPlane, hostName: string): HostDevice {
    const host = new HostInterface(hostName, "", new Uint8Array(6), this.#nextIfIndex++);
    this.#interfaces.set(key(hostName, ""), host);
    return new EmulatedDevice(dp, host, "af-packet", () => this.#interfaces.delete(key(hostName, "")));
  }
}

function key(name: string, namespace: string): string {
  return `${namespace}\0${name}`;
}
