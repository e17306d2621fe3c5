import type { NativePuntSocket } from "../native.js";
import { native } from "../native.js";
import type { PacketMemory } from "../packet/batch.js";

/** One slab of a receiving socket as the memory of batches. */
export class SlabMemory implements PacketMemory {
  private view: Uint8Array | undefined;

  constructor(
    private readonly socket: NativePuntSocket,
    private readonly location: Uint32Array,
  ) {}

  bytes(): Uint8Array {
    if (this.view !== undefined) return this.view;
    const view = new Uint8Array(this.socket.memory());
    // A copy shows this burst only.
    if (this.location[1] === 0) this.view = view;
    return view;
  }

  revoke(): void {
    if (this.view !== undefined) native.detachArrayBuffer(this.view.buffer as ArrayBuffer);
    this.view = undefined;
  }
}
