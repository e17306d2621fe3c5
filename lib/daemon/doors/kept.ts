// Doors at socket files, opened again when a file is removed, so that clients reach the daemon again.
import { isListening } from "../../sockets/index.js";
import type { Door } from "./door.js";
import { type FileLook, lookAt, OwnFile } from "./own-file.js";

export interface KeptDoorsOptions {
  /** Opens a door at each path. @throws an error if one of them cannot be opened: then none is */
  open(): Promise<readonly Door[]>;
  /** Called when the doors are open again, or with the reason why they are not. The next look tries again. */
  reopened(paths: readonly string[], error?: unknown): void;
}

export class KeptDoors {
  readonly #options: KeptDoorsOptions;
  readonly #files: readonly OwnFile[];
  readonly #look: FileLook;
  #doors: readonly Door[];
  #closed = false;
  #lastError = "";

  /** @throws an error if a door cannot be opened */
  static async open(options: KeptDoorsOptions): Promise<readonly Door[]> {
    return new KeptDoors(options, await options.open()).#asDoors();
  }

  private constructor(options: KeptDoorsOptions, doors: readonly Door[]) {
    this.#options = options;
    this.#doors = doors;
    this.#files = doors.map(({ path }) => new OwnFile(path));
    this.#take();
    this.#look = lookAt(
      () => this.#files,
      (gone) => this.#keep(gone.map(({ path }) => path)),
    );
  }

  #asDoors(): readonly Door[] {
    return this.#files.map(({ path }) => ({ path, close: () => this.#close() }));
  }

  async #keep(lost: readonly string[]): Promise<void> {
    // Another daemon may have taken the place.
    for (const path of lost) if (await isListening(path)) return;
    if (this.#closed) return;
    try {
      await this.#shut();
      this.#doors = await this.#options.open();
      this.#take();
      this.#lastError = "";
      this.#options.reopened(lost);
    } catch (error) {
      if (String(error) !== this.#lastError) this.#options.reopened(lost, error);
      this.#lastError = String(error);
    }
  }

  #take(): void {
    for (const file of this.#files) file.take();
  }

  async #shut(): Promise<void> {
    for (const file of this.#files) file.forget();
    const doors = this.#doors;
    this.#doors = [];
    await Promise.all(doors.map((door) => door.close()));
  }

  async #close(): Promise<void> {
    this.#closed = true;
    await this.#look.close();
    await this.#shut();
  }
}
