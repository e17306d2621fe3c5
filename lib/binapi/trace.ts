// Traces of messages: records, and files of JSON lines.
import { closeSync, openSync, writeSync } from "node:fs";
import { PuntError } from "../errors.js";
import type { Reader } from "./cursor.js";
import type { Message, MessageValue } from "./message.js";

/** One message, in either direction. */
export interface TraceRecord {
  /** Milliseconds since 1970, with a resolution of a microsecond. */
  time: number;
  direction: "sent" | "received";
  message: string;
  context: number;
  value: MessageValue;
}

/** Passes every message, in both directions, to a sink. */
export class Trace {
  readonly #sink: (record: TraceRecord) => void;

  /** `sink` receives each message as it passes. It must not throw. */
  constructor(sink: (record: TraceRecord) => void) {
    this.#sink = sink;
  }

  sent(message: string, context: number, value: MessageValue): void {
    this.#sink({ time: now(), direction: "sent", message, context, value });
  }

  /** Records a received message. Does not move `reader`. */
  received(message: Message, reader: Reader): void {
    const { at } = reader;
    const context = message.contextOffset < 0 ? 0 : reader.view.getUint32(at + message.contextOffset);
    this.#sink({ time: now(), direction: "received", message: message.name, context, value: decode(message, reader) });
    reader.at = at;
  }
}

/** Decodes the value. Returns a description of the error if it can't; the request that the message answers rejects with it. */
function decode(message: Message, reader: Reader): MessageValue {
  try {
    return message.read(reader);
  } catch (error) {
    if (!(error instanceof PuntError)) throw error;
    return { error: error.message };
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Writes a trace as JSON lines to a file that only its owner can read, because it may contain memif secrets. */
export class TraceFile {
  #fd: number | undefined;
  readonly trace: Trace;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, "a", 0o600);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      throw new PuntError("binapi.trace", code ?? "EIO", message, { path }, cause);
    }
    this.trace = new Trace((record) => this.#write(`${traceLine(record)}\n`));
  }

  /** Writes a line. A full disk ends the trace with a warning, and does not end the client. */
  #write(line: string): void {
    if (this.#fd === undefined) return;
    try {
      writeSync(this.#fd, line);
    } catch (error) {
      this.close();
      process.emitWarning(`the trace to ${this.#path} ends: ${(error as Error).message}`, "VppPuntWarning");
    }
  }

  /** Closes the file. Later messages are not written. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/**
 * Returns a record as one line of JSON.
 *
 * @example
 * ```ts
 * import { traceLine, Vpp } from "vpp-punt/binapi";
 *
 * await using vpp = await Vpp.connect({ trace: (record) => console.log(traceLine(record)) });
 * await vpp.call("show_version");
 * ```
 */
export function traceLine(record: TraceRecord): string {
  return toJson(record);
}

/** Returns a message's value as JSON: bigints as decimal text, bytes in hex. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, part: unknown) {
    if (typeof part === "bigint") return part.toString();
    // Not `part`: a Buffer has turned itself into another object by now.
    const bytes = this[key];
    return bytes instanceof Uint8Array ? Buffer.from(bytes).toString("hex") : part;
  });
}
