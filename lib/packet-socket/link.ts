// Follows the device of a packet socket: down, up, removed, made again.
import type { NativePacketSocket } from "../native.js";

/** `up` and `down` as `ip link set` has it; `gone`: the device was removed, or moved to another namespace. */
export type LinkState = "up" | "down" | "gone";

/** Linux says when a device goes, and not when it is back. */
const LOOK_MS = 200;

export class LinkWatch {
  readonly #native: NativePacketSocket;
  readonly #onChange: (state: LinkState) => void;
  #state: LinkState;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: NativePacketSocket, onChange: (state: LinkState) => void) {
    this.#native = socket;
    this.#onChange = onChange;
    this.#state = socket.link();
    this.#plan();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Looks now, and from now on for as long as the device is not up. */
  look(): void {
    const before = this.#state;
    this.#state = this.#native.link();
    this.#plan();
    if (this.#state !== before) this.#onChange(this.#state);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#state !== "up") this.#timer = setTimeout(() => this.look(), LOOK_MS).unref();
  }
}
