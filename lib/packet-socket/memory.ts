// The receive ring as the memory of batches.
import { PuntError } from "../errors.js";
import { type NativePacketSocket, native } from "../native.js";
import type { PacketMemory } from "../packet/index.js";
import { OPEN } from "./options.js";

export class RingMemory implements PacketMemory {
  readonly #native: NativePacketSocket;
  #view: Uint8Array | undefined;

  constructor(socket: NativePacketSocket) {
    this.#native = socket;
  }

  bytes(): Uint8Array {
    this.#view ??= new Uint8Array(this.#make());
    return this.#view;
  }

  revoke(): void {
    if (this.#view !== undefined) native.detachArrayBuffer(this.#view.buffer as ArrayBuffer);
    this.#view = undefined;
  }

  #make(): ArrayBuffer {
    const buffer = this.#native.memory();
    if (buffer !== null) return buffer ?? new ArrayBuffer(0);
    throw new PuntError(OPEN, "ERR_EXTERNAL_MEMORY", "this runtime allows no ArrayBuffer over foreign memory");
  }
}
