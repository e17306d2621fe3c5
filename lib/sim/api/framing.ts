// A client's byte stream as messages.
import { FRAME_HEADER, frameLength, InQueue } from "../../binapi/index.js";

/** VPP has no limit and would allocate what a client claims. The longest true request is a few hundred kilobytes. */
const LONGEST_MESSAGE = 16 * 1024 * 1024;

/** Cuts a client's byte stream into messages. */
export class Deframer {
  /** Holds the part of a message that has arrived. Most clients send whole messages, and never need it. */
  #queue: InQueue | undefined;

  /** Returns the messages that are complete with this chunk. Their bytes are the chunk's. @throws PuntError ERR_BAD_FRAME */
  push(chunk: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    const hasPart = this.#queue !== undefined && this.#queue.fillStart > 0;
    const rest = hasPart ? chunk : takeWhole(chunk, messages);
    if (rest.length > 0) this.#pushPart(rest, messages);
    return messages;
  }

  #pushPart(chunk: Buffer, messages: Buffer[]): void {
    this.#queue ??= new InQueue({ shortest: 0, longest: LONGEST_MESSAGE, op: "sim.api", sender: "a client" });
    const queue = this.#queue;
    for (let taken = 0; taken < chunk.length; ) {
      const size = Math.min(chunk.length - taken, queue.fillEnd - queue.fillStart);
      queue.bytes.set(chunk.subarray(taken, taken + size), queue.fillStart);
      queue.fill(size);
      taken += size;
      for (let reader = queue.next(); reader !== undefined; reader = queue.next()) {
        messages.push(Buffer.from(reader.bytes.subarray(reader.at, reader.end)));
      }
    }
  }
}

/** Takes the whole messages at the front of a chunk. @returns the bytes behind them */
function takeWhole(chunk: Buffer, messages: Buffer[]): Buffer {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  let start = 0;
  while (chunk.length - start >= FRAME_HEADER) {
    const end = start + FRAME_HEADER + frameLength(view, start);
    if (end > chunk.length) break;
    messages.push(chunk.subarray(start + FRAME_HEADER, end));
    start = end;
  }
  return chunk.subarray(start);
}
