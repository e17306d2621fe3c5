// Doors at socket files, opened again when a file is removed, so that clients reach the daemon again.
import { statSync } from "node:fs";
import { isListening } from "../../socket-file.js";
import type { Door } from "./door.js";

/** Milliseconds between two looks at the files. */
const LOOK_MS = 500;

export interface KeptDoorsOptions {
  /** Opens a door at each path. @throws an error if one of them cannot be opened: then none is */
  open(): Promise<readonly Door[]>;
  /** Called when the doors are open again, or with the reason why they are not. The next look tries again. */
  reopened(paths: readonly string[], error?: unknown): void;
}

export class KeptDoors {
  readonly #options: KeptDoorsOptions;
  readonly #paths: readonly string[];
  readonly #timer: NodeJS.Timeout;
  #doors: readonly Door[];
  #inodes: readonly (bigint | undefined)[];
  /** The look under way. */
  #look: Promise<void> | undefined;
  #closed = false;
  #lastError = "";

  /** @throws an error if a door cannot be opened */
  static async open(options: KeptDoorsOptions): Promise<readonly Door[]> {
    return new KeptDoors(options, await options.open()).#asDoors();
  }

  private constructor(options: KeptDoorsOptions, doors: readonly Door[]) {
    this.#options = options;
    this.#doors = doors;
    this.#paths = doors.map(({ path }) => path);
    this.#inodes = this.#paths.map(inodeOf);
    this.#timer = setInterval(() => {
      this.#look ??= this.#keep().finally(() => {
        this.#look = undefined;
      });
    }, LOOK_MS).unref();
  }

  #asDoors(): readonly Door[] {
    return this.#paths.map((path) => ({ path, close: () => this.#close() }));
  }

  async #keep(): Promise<void> {
    const lost = this.#paths.filter((path, index) => !this.#isOurs(path, index));
    if (lost.length === 0) return;
    // Another daemon may have taken the place.
    for (const path of lost) if (await isListening(path)) return;
    if (this.#closed) return;
    try {
      await this.#shut();
      this.#doors = await this.#options.open();
      this.#inodes = this.#paths.map(inodeOf);
      this.#lastError = "";
      this.#options.reopened(lost);
    } catch (error) {
      if (String(error) !== this.#lastError) this.#options.reopened(lost, error);
      this.#lastError = String(error);
    }
  }

  #isOurs(path: string, index: number): boolean {
    const inode = this.#inodes[index];
    return inode !== undefined && inodeOf(path) === inode;
  }

  async #shut(): Promise<void> {
    this.#inodes = [];
    const doors = this.#doors;
    this.#doors = [];
    await Promise.all(doors.map((door) => door.close()));
  }

  async #close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#look;
    await this.#shut();
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
