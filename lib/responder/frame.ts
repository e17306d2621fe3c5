// An Ethernet frame under examination: where its parts are. One object serves all frames of a burst.
import { isVlanTag } from "../net/index.js";
import type { Own } from "./own.js";

const ETHERNET = 14;
const TAG = 4;
/** A provider's tag and a customer's; frames with more are left alone. */
const MOST_TAGS = 2;

export class Frame {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the frame begins in `bytes`, and where it ends. */
  start = 0;
  end = 0;
  /** Ethertype behind the VLAN tags; 0 if the frame has none. */
  type = 0;
  /** Where the payload begins. */
  at = 0;

  set(bytes: Uint8Array, start: number, length: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = start + length;
    this.type = 0;
    this.at = start + ETHERNET;
    for (let tags = 0; this.at <= this.end; tags++) {
      const type = this.u16(this.at - 2);
      if (!isVlanTag(type)) {
        this.type = type;
        return;
      }
      if (tags === MOST_TAGS) return;
      this.at += TAG;
    }
  }

  u8(at: number): number {
    return this.bytes[at]!;
  }

  u16(at: number): number {
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  u32(at: number): number {
    return ((this.u16(at) << 16) | this.u16(at + 2)) >>> 0;
  }

  /** Whether the payload has that many bytes. */
  has(length: number): boolean {
    return this.at + length <= this.end;
  }

  isSame(at: number, other: Uint8Array): boolean {
    for (let i = 0; i < other.length; i++) if (this.bytes[at + i] !== other[i]) return false;
    return true;
  }

  isZero(at: number, length: number): boolean {
    for (let i = 0; i < length; i++) if (this.bytes[at + i] !== 0) return false;
    return true;
  }

  slice(at: number, length: number): Uint8Array {
    return this.bytes.slice(at, at + length);
  }

  /** Whether the MAC address at `at` can be a host's that is not this one. */
  isOtherHost(at: number, own: Own): boolean {
    return (this.bytes[at]! & 1) === 0 && !this.isZero(at, 6) && !this.isSame(at, own.mac);
  }

  /**
   * Returns a frame to the sender, or to the MAC address `router`: with the VLAN tags, `mac` as its source, and room for a payload of `length`
   * bytes.
   */
  answer(mac: Uint8Array, length: number, router?: Uint8Array): { bytes: Uint8Array; at: number } {
    const at = this.at - this.start;
    const bytes = new Uint8Array(at + length);
    bytes.set(router ?? this.bytes.subarray(this.start + 6, this.start + 12), 0);
    bytes.set(mac, 6);
    bytes.set(this.bytes.subarray(this.start + 12, this.at), 12);
    return { bytes, at };
  }
}
