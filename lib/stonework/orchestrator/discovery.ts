// The directory in which CNFs announce themselves: read once, then watched.
import { type FSWatcher, watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { PuntError } from "../../errors.js";
import { ensureFolderSync } from "../../files/index.js";
import { type Announcement, isAnnouncement, readAnnouncement } from "../announcement.js";

/** A file that is being written says so several times. */
const SETTLE_MS = 50;
/** How long a directory that can be neither made nor watched again is left alone. */
const PAUSE_MS = 1_000;
/** Files that are followed. */
const MOST_FILES = 1_000;

interface Hooks {
  /** A CNF announces itself, for the first time or again. */
  announced(file: string, announcement: Announcement): void;
  /** A file that announced a CNF is gone. */
  gone(file: string): void;
  problem(error: Error): void;
}

export class Discovery {
  readonly #directory: string;
  readonly #hooks: Hooks;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** For each file, its contents at the last look and the time at which they were written. */
  readonly #seen = new Map<string, string>();
  #watcher: FSWatcher;
  #again: NodeJS.Timeout | undefined;
  /** One file is read at a time. */
  #reading = Promise.resolve();
  #isFull = false;

  /** @throws PuntError an errno name: the directory can be neither made nor watched */
  constructor(directory: string, hooks: Hooks) {
    this.#directory = directory;
    this.#hooks = hooks;
    this.#watcher = this.#watch();
  }

  close(): void {
    clearTimeout(this.#again);
    this.#watcher.close();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** @throws PuntError an errno name */
  #watch(): FSWatcher {
    const directory = this.#directory;
    try {
      ensureFolderSync(directory);
      const watcher = watch(directory, (event, name) => {
        // An event of the directory itself has its name: it may be gone, with another one in its place.
        if (event === "rename" && name === basename(directory)) this.#watchAgain();
        else if (name !== null) this.#changed(name);
      });
      watcher.on("error", (error) => this.#hooks.problem(error));
      void this.#scan();
      return watcher;
    } catch (cause) {
      const { code = "EIO" } = cause as NodeJS.ErrnoException;
      throw new PuntError("stonework.discovery", code, `cannot watch ${directory}`, { path: directory }, cause);
    }
  }

  #watchAgain(): void {
    clearTimeout(this.#again);
    this.#watcher.close();
    try {
      this.#watcher = this.#watch();
    } catch (error) {
      this.#hooks.problem(error as Error);
      this.#again = setTimeout(() => this.#watchAgain(), PAUSE_MS).unref();
    }
  }

  async #scan(): Promise<void> {
    const names = await readdir(this.#directory).catch(() => []);
    for (const name of names) this.#changed(name);
  }

  #changed(name: string): void {
    if (!isAnnouncement(name)) return;
    clearTimeout(this.#timers.get(name));
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      this.#reading = this.#reading.then(() => this.#read(join(this.#directory, name)));
    }, SETTLE_MS);
    this.#timers.set(name, timer);
  }

  async #read(file: string): Promise<void> {
    try {
      const { mtimeMs, ino } = await stat(file);
      if (!this.#hasRoom(file)) return;
      const announcement = await readAnnouncement(file);
      const mark = JSON.stringify([announcement, mtimeMs, ino]);
      if (this.#seen.get(file) === mark) return;
      this.#seen.set(file, mark);
      this.#hooks.announced(file, announcement);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return this.#hooks.problem(error as Error);
      // A CNF that removes its file says nothing.
      this.#isFull &&= !this.#seen.delete(file);
      this.#hooks.gone(file);
    }
  }

  #hasRoom(file: string): boolean {
    if (this.#seen.has(file) || this.#seen.size < MOST_FILES) return true;
    if (!this.#isFull)
      this.#hooks.problem(new Error(`more than ${MOST_FILES} CNFs announce themselves: ${file} is left out`));
    this.#isFull = true;
    return false;
  }
}
