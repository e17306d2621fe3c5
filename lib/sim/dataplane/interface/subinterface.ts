// VLAN sub-interfaces: frames with one tag of a parent interface.
import { ETHERTYPE } from "../../../net/index.js";
import { ETHERNET_HEADER, setU16 } from "../vlib/index.js";
import type { Device, SwInterface } from "./interface.js";
import type { Plane } from "./plane.js";

/** Tag and type. */
export const VLAN_TAG = 4;

/** Sends a sub-interface's frames through its parent. */
export class SubinterfaceDevice implements Device {
  readonly className: string;
  readonly #plane: Plane;
  readonly #parent: SwInterface;

  constructor(plane: Plane, parent: SwInterface) {
    this.className = parent.device.className;
    this.#plane = plane;
    this.#parent = parent;
  }

  send(frame: Uint8Array): boolean {
    if (!this.#parent.adminUp) return false;
    this.#plane.transmit(this.#parent, frame);
    return true;
  }

  close(): void {}
}

/** Returns a frame that this VPP has made for an interface, with the interface's tag if it has one. */
export function tagged(swInterface: SwInterface, frame: Uint8Array): Uint8Array {
  const { subinterface } = swInterface;
  if (subinterface === undefined) return frame;
  const bytes = new Uint8Array(frame.length + VLAN_TAG);
  bytes.set(frame.subarray(0, ETHERNET_HEADER - 2));
  setU16(bytes, ETHERNET_HEADER - 2, ETHERTYPE.VLAN);
  setU16(bytes, ETHERNET_HEADER, subinterface.vlan);
  bytes.set(frame.subarray(ETHERNET_HEADER - 2), ETHERNET_HEADER + 2);
  return bytes;
}
