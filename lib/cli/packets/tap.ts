// A TAP of Linux that stands for the CNF's end of a punt, so that any program can take its packets and send its own.
import { spawnSync } from "node:child_process";
import { messageOf, PuntError } from "../../errors.js";
import { native } from "../../native.js";

/** Frames a burst in each direction, and the room for the longest one. */
const BURST = 64;
const LONGEST_FRAME = 16_384;

/** A TAP. Linux removes it when the process ends, however that happens. */
export class Tap {
  readonly name: string;
  /** Frames that the TAP did not take. */
  dropped = 0;
  readonly #port: InstanceType<typeof native.SimFramePort>;
  readonly #table = new Uint32Array(3);
  readonly #accepted = new Uint8Array(1);

  private constructor(name: string) {
    this.name = name;
    try {
      this.#port = new native.SimFramePort({ kind: "tap", name, netns: "", sendBuffer: 0 });
    } catch (cause) {
      const { code } = cause as PuntError;
      const message = `cannot make the TAP ${name}: ${messageOf(cause as PuntError)}`;
      throw new PuntError("punt.attach", code, message, { name }, cause);
    }
  }

  /** Makes a TAP and sets it up. @throws PuntError an errno name: EPERM: this user may not make devices; EBUSY: it exists */
  static make(name: string): Tap {
    if (!/^[\w.-]{1,15}$/.test(name)) {
      const rule = "1 to 15 letters, digits, '.', '_', '-'";
      throw new PuntError("punt.attach", "ERR_USAGE", `"${name}" cannot be the name of a device: ${rule}`, { name });
    }
    const tap = new Tap(name);
    const limits = { encoding: "utf8", timeout: 10_000, killSignal: "SIGKILL" } as const;
    const { status, stderr, error } = spawnSync("ip", ["link", "set", "dev", name, "up"], limits);
    if (status === 0) return tap;
    tap.close();
    const why = error?.message ?? stderr.trim();
    throw new PuntError("punt.attach", "EIO", `cannot set the device ${name} up: ${why}`, { name }, error);
  }

  /** Calls `onFrame` with each frame that Linux sends by the device. The bytes are valid until it returns. */
  receive(onFrame: (frame: Uint8Array) => void): void {
    const slab = new Uint8Array(LONGEST_FRAME * BURST);
    const lengths = new Uint32Array(BURST);
    this.#port.start(slab, lengths, LONGEST_FRAME, (count) => {
      for (let i = 0; i < count; i++) onFrame(slab.subarray(i * LONGEST_FRAME, i * LONGEST_FRAME + lengths[i]!));
    });
  }

  /** Gives a frame to Linux, as if the device had received it. */
  send(frame: Uint8Array): void {
    this.#table.set([0, frame.length, 0]);
    this.#port.send(frame, this.#table, 1, this.#accepted);
    if (this.#accepted[0] !== 1) this.dropped++;
  }

  close(): void {
    this.#port.close();
  }
}
