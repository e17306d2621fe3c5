// The interface of all codecs.
import type { Reader, Writer } from "../cursor.js";

/** Encodes and decodes the values of one type. */
export interface Codec {
  /** Size of a value in bytes; undefined if it depends on the value. */
  readonly size: number | undefined;
  /** Smallest size of a value in bytes. */
  readonly minSize: number;
  /** `related` is the value of another field: the number of elements, or the value that selects a union's arm. */
  read(reader: Reader, related?: unknown): unknown;
  write(writer: Writer, value: unknown, related?: unknown): void;
  /** For a type that one method of the cursors handles: its name and second argument, so that compiled code calls it directly. */
  readonly method?: { name: keyof Reader & keyof Writer; argument?: number };
  /**
   * For types of fixed size: returns a JavaScript expression for the value at index `at` of `bytes`, and of `view` over the same
   * memory. The caller has checked that all bytes are there. `codec` is an expression for this codec, whose `helper` may be called.
   */
  readonly inline?: (at: string, codec: string) => string;
  readonly helper?: (...args: never[]) => unknown;
}
