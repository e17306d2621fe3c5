// Slabs of a receiving socket as the memory of batches.
import { type NativePuntSocket, native } from "../native.js";
import type { PacketMemory } from "../packet/index.js";

/** One slab. */
export class SlabMemory implements PacketMemory {
  readonly #socket: NativePuntSocket;
  readonly #location: Uint32Array;
  #view: Uint8Array | undefined;

  constructor(socket: NativePuntSocket, location: Uint32Array) {
    this.#socket = socket;
    this.#location = location;
  }

  bytes(): Uint8Array {
    if (this.#view !== undefined) return this.#view;
    const view = new Uint8Array(this.#socket.memory());
    // A copy shows this burst only.
    if (this.#location[1] === 0) this.#view = view;
    return view;
  }

  revoke(): void {
    if (this.#view !== undefined) native.detachArrayBuffer(this.#view.buffer as ArrayBuffer);
    this.#view = undefined;
  }
}
