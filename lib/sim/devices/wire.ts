// The device of a network card that a test holds the wire of.
import type { Device } from "../dataplane/index.js";

/** A network card whose wire a test holds: `inject` gives it frames, and listeners see the frames that leave. */
export class WireDevice implements Device {
  constructor(readonly className = "dpdk") {}

  send(): boolean {
    return true;
  }

  close(): void {}
}
