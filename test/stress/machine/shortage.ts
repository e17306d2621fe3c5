// Switches of the preloaded library that makes a disk full, read-only or slow, and memory short: test/peers/shortage.c.
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { preloaded } from "../../support/machine/preload.js";

export interface Lack {
  /** Name of the error of every change below the folder. */
  readonly disk?: keyof typeof constants.errno;
  /** Milliseconds that each of them takes. */
  readonly delay?: number;
  /** Name of the error of every shared mapping. */
  readonly memory?: keyof typeof constants.errno;
}

export class Shortage {
  /** The environment of a process that is struck. */
  readonly env: NodeJS.ProcessEnv;
  readonly #file: string;

  /** @param file where the switches are; @param folder whose files are struck */
  constructor(file: string, folder: string) {
    this.#file = file;
    writeFileSync(file, Buffer.alloc(4096));
    this.env = { ...preloaded("shortage"), VPP_PUNT_SHORTAGE: file, VPP_PUNT_SHORTAGE_OF: folder };
  }

  set({ disk, delay = 0, memory }: Lack): void {
    const numbers = Int32Array.of(disk ? constants.errno[disk] : 0, delay, memory ? constants.errno[memory] : 0);
    // In place: the processes have the file mapped.
    const file = openSync(this.#file, "r+");
    writeSync(file, new Uint8Array(numbers.buffer), 0, numbers.byteLength, 0);
    closeSync(file);
  }
}
