// The host's end of an emulated link.
import { EventEmitter } from "node:events";
import type { DataPlane, Device, SwInterface } from "../dataplane/index.js";
import type { HostDevice } from "./factory.js";

export interface HostInterfaceEvents {
  /** VPP has sent a frame to the host. */
  packet: [frame: Uint8Array];
}

/** Ethernet with one VLAN tag, which Linux does not count. */
const LONGEST_HEADER = 18;

/** The frames kept for `received`. */
const LONGEST_QUEUE = 10_000;

/**
 * The host's end of an emulated TAP or af_packet interface, for a test to receive and send as a program on the host. It is
 * addressed by name and namespace, as in Linux.
 * @example
 * ```ts
 * import { testPunt } from "vpp-punt/sim";
 *
 * await using t = await testPunt({ type: "SPAN", interconnect: "TAP", vppInterface: "eth0" });
 * const [device] = await t.sim.hostInterfaces();
 * const tap = t.sim.host(device!.name, device!.namespace);
 * tap.on("packet", (frame) => console.log(frame.length)); // 60
 * t.sim.interface("eth0").inject(new Uint8Array(60));
 * ```
 */
export class HostInterface extends EventEmitter<HostInterfaceEvents> {
  /** The prefixes that VPP gave the interface. */
  readonly addresses: readonly string[];
  /** Frames in both directions that were longer than the MTU allows. */
  dropped = 0;
  readonly #queue: Uint8Array[] = [];
  #link: { dp: DataPlane; swInterface: SwInterface } | undefined;

  constructor(
    readonly name: string,
    readonly namespace: string,
    readonly mac: Uint8Array,
    readonly ifIndex: number,
    public mtu = 0,
    addresses: readonly string[] = [],
  ) {
    super();
    this.addresses = addresses;
  }

  /** Sends a frame to VPP. Returns false if VPP is not at the other end any more, or if the frame is longer than the MTU allows. */
  send(frame: Uint8Array): boolean {
    if (this.#link === undefined || this.#isTooLong(frame)) return false;
    const { dp, swInterface } = this.#link;
    dp.receive(swInterface, new Uint8Array(frame));
    dp.flush();
    return true;
  }

  /** Returns the frames that VPP has sent since the last call, at most 10,000. */
  received(): Uint8Array[] {
    return this.#queue.splice(0);
  }

  /** @internal */
  connect(dp: DataPlane, swInterface: SwInterface): void {
    this.#link = { dp, swInterface };
  }

  /** @internal */
  disconnect(): void {
    this.#link = undefined;
  }

  /** @internal */
  deliver(frame: Uint8Array): boolean {
    if (this.#isTooLong(frame)) return false;
    if (this.#queue.length < LONGEST_QUEUE) this.#queue.push(frame);
    this.emit("packet", frame);
    return true;
  }

  /** Counts a frame that is too long. Linux drops such a frame in both directions, and only counts it. */
  #isTooLong(frame: Uint8Array): boolean {
    const isTooLong = this.mtu > 0 && frame.length > this.mtu + LONGEST_HEADER;
    if (isTooLong) this.dropped++;
    return isTooLong;
  }
}

/** VPP's end of an emulated link. */
export class EmulatedDevice implements HostDevice {
  readonly device: Device;
  readonly #dp: DataPlane;

  /** @param closed called when VPP deletes its interface */
  constructor(
    dp: DataPlane,
    readonly host: HostInterface,
    className: string,
    closed: () => void,
  ) {
    this.#dp = dp;
    this.device = {
      className,
      send: (frame) => host.deliver(frame),
      close: () => {
        host.disconnect();
        closed();
      },
    };
  }

  get name(): string {
    return this.host.name;
  }

  get namespace(): string {
    return this.host.namespace;
  }

  get mac(): Uint8Array {
    return this.host.mac;
  }

  get ifIndex(): number {
    return this.host.ifIndex;
  }

  attach(swInterface: SwInterface): void {
    this.host.connect(this.#dp, swInterface);
  }
}
