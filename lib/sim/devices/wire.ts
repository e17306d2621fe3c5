import type { Device } from "../dataplane/index.js";

/** A network card with no cable but the program's: frames come in by `inject`, and leave to whoever listens. */
export class WireDevice implements Device {
  constructor(readonly className = "dpdk") {}

  send(): boolean {
    return true;
  }

  close(): void {}
}
