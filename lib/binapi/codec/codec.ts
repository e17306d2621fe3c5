// What every codec does: encode, decode and default a value.
import type { Reader, Writer } from "../cursor.js";

/** How values of one type go to bytes and back. */
export interface Codec {
  /** Bytes that a value takes; undefined if that depends on the value. */
  readonly size: number | undefined;
  /** Bytes that a value takes at least. */
  readonly minSize: number;
  /** `related` is what another field says: the number of elements, or the value that selects a union's arm. */
  read(reader: Reader, related?: unknown): unknown;
  write(writer: Writer, value: unknown, related?: unknown): void;
  /** For types that are one method of the cursors: its name and second argument, so that compiled code calls it directly. */
  readonly method?: { name: keyof Reader & keyof Writer; argument?: number };
  /**
   * For types of fixed size: a JavaScript expression for the value at index `at` of `bytes`, and of `view` over the same memory,
   * where all its bytes are known to be. `codec`: an expression for this codec, whose `helper` it may call.
   */
  readonly inline?: (at: string, codec: string) => string;
  readonly helper?: (...args: never[]) => unknown;
}
