// The memories of a connection as ArrayBuffers, and the end of every view on them.
import { native } from "../native.js";
import type { PacketMemory, RetainedPacket } from "../packet/index.js";

const EMPTY = new Uint8Array(0);

/** One memory of a connection as one ArrayBuffer, which is made again after every revoke. */
export class RegionMemory implements PacketMemory {
  readonly retain?: ((i: number) => RetainedPacket | undefined) | undefined;
  readonly #make: () => ArrayBuffer | undefined;
  readonly #eager: boolean;
  #array: Uint8Array | undefined;

  /**
   * `make` returns a new ArrayBuffer over the memory, or undefined when the memory is gone. `eager` calls it at once after a revoke,
   * because native code writes into that very ArrayBuffer.
   */
  constructor(make: () => ArrayBuffer | undefined, eager = false, retain?: (i: number) => RetainedPacket | undefined) {
    this.#make = make;
    this.#eager = eager;
    this.retain = retain;
  }

  bytes(): Uint8Array {
    if (this.#array !== undefined) return this.#array;
    const buffer = this.#make();
    if (buffer === undefined) return EMPTY;
    this.#array = new Uint8Array(buffer);
    return this.#array;
  }

  revoke(): void {
    if (this.#array === undefined) return;
    native.detachArrayBuffer(this.#array.buffer as ArrayBuffer);
    this.#array = undefined;
    if (this.#eager) this.bytes();
  }
}

/** The memories that one queue has seen of the current connection, by index. Those of an ended connection are detached. */
export class MemoryTable {
  readonly #make: (index: number) => RegionMemory;
  #connection = 0;
  #memories: RegionMemory[] = [];

  constructor(make: (index: number) => RegionMemory) {
    this.#make = make;
  }

  get(connection: number, index: number): RegionMemory {
    if (connection !== this.#connection) this.forget(connection);
    this.#memories[index] ??= this.#make(index);
    return this.#memories[index];
  }

  /** Detaches all of them, so that the memory is unmapped now and not at the next garbage collection. */
  forget(connection = 0): void {
    for (const memory of this.#memories) memory?.revoke();
    this.#memories = [];
    this.#connection = connection;
  }
}
