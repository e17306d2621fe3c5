// Slabs of a receiving socket as the memory of batches.
import { type NativePuntSocket, native } from "../native.js";
import type { PacketMemory } from "../packet/index.js";

/** One slab. */
class SlabMemory implements PacketMemory {
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

/** The slabs of a socket that have been used so far. */
export class Slabs {
  readonly #socket: NativePuntSocket;
  readonly #location: Uint32Array;
  readonly #all: SlabMemory[] = [];

  /** @param location where native code writes the current slab's number, and whether the slab is mapped */
  constructor(socket: NativePuntSocket, location: Uint32Array) {
    this.#socket = socket;
    this.#location = location;
  }

  /** Returns the slab of the burst that was taken last. */
  current(): PacketMemory {
    const slab = this.#location[0]!;
    this.#all[slab] ??= new SlabMemory(this.#socket, this.#location);
    return this.#all[slab];
  }

  /** Lets go of the slabs: no view shows their memory any more. */
  forget(): void {
    for (const slab of this.#all) slab?.revoke();
    this.#all.length = 0;
  }
}
