// Native sockets and TAPs that move frames in bursts.
import { type NativeSimFramePort, type NativeSimFramePortOptions, native } from "../../native.js";

/** Frames a burst in each direction: VPP's own vector size. */
const BURST = 256;
/** Room for the frames that wait to be sent. */
const ARENA = 512 * 1024;

/**
 * Collects frames, sends them with few calls into native code, and receives in bursts. It copies a frame once, into the arena
 * or out of the slab.
 */
export class FramePort {
  readonly #port: NativeSimFramePort;
  readonly #arena = new Uint8Array(ARENA);
  readonly #table = new Uint32Array(3 * BURST);
  readonly #accepted = new Uint8Array(BURST);
  readonly #done: ((accepted: boolean) => void)[] = [];
  #count = 0;
  #used = 0;

  /** Opens the port. @throws PuntError, with the errno's name as its code */
  constructor(options: NativeSimFramePortOptions) {
    this.#port = new native.SimFramePort(options);
  }

  get name(): string {
    return this.#port.name();
  }

  get ifIndex(): number {
    return this.#port.ifIndex();
  }

  addPeer(path: string): number {
    return this.#port.addPeer(path);
  }

  /** Calls `onFrame` with a copy of each frame, and `onBurst` after each burst. */
  receive(slotSize: number, onFrame: (frame: Uint8Array) => void, onBurst: () => void): void {
    const slab = new Uint8Array(slotSize * BURST);
    const lengths = new Uint32Array(BURST);
    this.#port.start(slab, lengths, slotSize, (count) => {
      for (let i = 0; i < count; i++) onFrame(slab.slice(i * slotSize, i * slotSize + lengths[i]!));
      onBurst();
    });
  }

  /**
   * Takes a frame to send behind `head` bytes, which `writeHead` writes into the arena. Sends it at `flush` at the latest, and
   * calls `done` then with whether the kernel took it. Returns false if the frame is too long.
   */
  push(frame: Uint8Array, peer: number, head: number, writeHead: Head, done: (accepted: boolean) => void): boolean {
    const length = head + frame.length;
    if (length > ARENA) return false;
    if (this.#count === BURST || this.#used + length > ARENA) this.flush();
    if (head > 0) writeHead(this.#arena, this.#used);
    this.#arena.set(frame, this.#used + head);
    this.#table.set([this.#used, length, peer], 3 * this.#count);
    this.#done[this.#count++] = done;
    this.#used += length;
    return true;
  }

  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    this.#used = 0;
    this.#port.send(this.#arena, this.#table, count, this.#accepted);
    for (let i = 0; i < count; i++) this.#done[i]!(this.#accepted[i] === 1);
  }

  close(): void {
    this.#port.close();
  }
}

/** Writes the bytes in front of a frame at `at`. */
export type Head = (arena: Uint8Array, at: number) => void;

export const NO_HEAD: Head = () => undefined;
