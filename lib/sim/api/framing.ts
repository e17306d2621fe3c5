import { PuntError } from "../../errors.js";

/** Before every message on the socket: 8 bytes unused, the length behind the header, 4 bytes unused. */
export const SOCKET_HEADER = 16;
const LENGTH_AT = 8;
/** VPP has no limit and would allocate what a client claims. The longest true request is a few hundred kilobytes. */
const LONGEST_MESSAGE = 16 * 1024 * 1024;

/** Cuts a client's byte stream into messages. */
export class Deframer {
  private rest: Buffer = Buffer.alloc(0);

  /** The messages that are complete with this chunk. Throws ERR_BAD_FRAME for a length no message has. */
  push(chunk: Buffer): Buffer[] {
    let data = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const messages: Buffer[] = [];
    while (data.length >= SOCKET_HEADER) {
      const length = data.readUInt32BE(LENGTH_AT);
      if (length > LONGEST_MESSAGE) {
        throw new PuntError("sim.api", "ERR_BAD_FRAME", `a client announced a message of ${length} bytes`);
      }
      if (data.length < SOCKET_HEADER + length) break;
      messages.push(data.subarray(SOCKET_HEADER, SOCKET_HEADER + length));
      data = data.subarray(SOCKET_HEADER + length);
    }
    this.rest = data;
    return messages;
  }
}

/** Fills in the header in front of a message of `length` bytes. */
export function writeSocketHeader(frame: Buffer, length: number): void {
  frame.fill(0, 0, SOCKET_HEADER);
  frame.writeUInt32BE(length, LENGTH_AT);
}
