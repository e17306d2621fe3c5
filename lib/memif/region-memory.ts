import { native } from "../native.js";
import type { PacketMemory, RetainedPacket } from "../packet/batch.js";

const EMPTY = new Uint8Array(0);

/** A memory of a connection as one ArrayBuffer, made anew after every revoke. */
export class RegionMemory implements PacketMemory {
  private array: Uint8Array | undefined;

  /**
   * `make` returns a new ArrayBuffer over the memory, undefined when the memory is gone. With `eager` it is called at once after a
   * revoke: native code writes into that very ArrayBuffer.
   */
  constructor(
    private readonly make: () => ArrayBuffer | undefined,
    private readonly eager = false,
    readonly retain?: ((i: number) => RetainedPacket | undefined) | undefined,
  ) {}

  bytes(): Uint8Array {
    if (this.array === undefined) {
      const buffer = this.make();
      if (buffer === undefined) return EMPTY;
      this.array = new Uint8Array(buffer);
    }
    return this.array;
  }

  revoke(): void {
    if (this.array === undefined) return;
    native.detachArrayBuffer(this.array.buffer as ArrayBuffer);
    this.array = undefined;
    if (this.eager) this.bytes();
  }
}

/** The memories that one queue has seen of the current connection, by index. Those of an ended one are detached. */
export class MemoryTable {
  private connection = 0;
  private memories: RegionMemory[] = [];

  constructor(private readonly make: (index: number) => RegionMemory) {}

  get(connection: number, index: number): RegionMemory {
    if (connection !== this.connection) this.forget(connection);
    this.memories[index] ??= this.make(index);
    return this.memories[index];
  }

  /** Lets go of all of them, so that the memory is unmapped now and not when the garbage collector comes by. */
  forget(connection = 0): void {
    for (const memory of this.memories) memory?.revoke();
    this.memories = [];
    this.connection = connection;
  }
}
