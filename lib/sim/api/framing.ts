// A client's byte stream as messages.
import { InQueue } from "../../binapi/index.js";

/** VPP has no limit and would allocate what a client claims. The longest true request is a few hundred kilobytes. */
const LONGEST_MESSAGE = 16 * 1024 * 1024;

/** Cuts a client's byte stream into messages. */
export class Deframer {
  readonly #queue = new InQueue({ shortest: 0, longest: LONGEST_MESSAGE, op: "sim.api", sender: "a client" });

  /** Returns copies of the messages that are complete with this chunk. @throws PuntError ERR_BAD_FRAME */
  push(chunk: Buffer): Buffer[] {
    const queue = this.#queue;
    const messages: Buffer[] = [];
    for (let taken = 0; taken < chunk.length; ) {
      const size = Math.min(chunk.length - taken, queue.fillEnd - queue.fillStart);
      queue.bytes.set(chunk.subarray(taken, taken + size), queue.fillStart);
      queue.fill(size);
      taken += size;
      for (let reader = queue.next(); reader !== undefined; reader = queue.next()) {
        messages.push(Buffer.from(reader.bytes.subarray(reader.at, reader.end)));
      }
    }
    return messages;
  }
}
