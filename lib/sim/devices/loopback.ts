// The device of a loopback.
import { type DataPlane, Packet, type SwInterface } from "../dataplane/index.js";
import type { AttachableDevice } from "./factory.js";

/** How deep loopbacks may feed each other. Two loopbacks that are cross-connected would never end. */
const DEEPEST = 16;

/** loopN: a frame that leaves through it comes in on it again. */
export class LoopbackDevice implements AttachableDevice {
  readonly className = "Loopback";
  #swInterface: SwInterface | undefined;
  #depth = 0;
  readonly #dp: DataPlane;

  constructor(
    dp: DataPlane,
    readonly instance: number,
  ) {
    this.#dp = dp;
  }

  attach(swInterface: SwInterface): void {
    this.#swInterface = swInterface;
  }

  /** A loopback's link is up while the interface is. */
  adminChanged(up: boolean): void {
    if (this.#swInterface !== undefined) this.#dp.interfaces.setLink(this.#swInterface, up);
  }

  send(frame: Uint8Array): boolean {
    if (this.#depth >= DEEPEST) return false;
    this.#depth++;
    this.#dp.graph.node("ethernet-input").send(new Packet(frame, this.#swInterface!.swIfIndex));
    this.#depth--;
    return true;
  }

  close(): void {
    this.#swInterface = undefined;
  }
}
