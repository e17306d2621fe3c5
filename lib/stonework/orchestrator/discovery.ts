// The directory in which CNFs announce themselves: read once, then watched.
import { type FSWatcher, watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { PuntError } from "../../errors.js";
import { ensureFolderSync } from "../../folder.js";
import { type Announcement, isAnnouncement, readAnnouncement } from "../announcement.js";

/** A file that is being written says so several times. */
const SETTLE_MS = 50;

interface Hooks {
  /** A CNF announces itself, for the first time or again. */
  announced(announcement: Announcement): void;
  problem(error: Error): void;
}

export class Discovery {
  readonly #directory: string;
  readonly #hooks: Hooks;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** For each file, its contents at the last look and the time at which they were written. */
  readonly #seen = new Map<string, string>();
  readonly #watcher: FSWatcher;

  /** @throws PuntError an errno name: the directory can be neither made nor watched */
  constructor(directory: string, hooks: Hooks) {
    this.#directory = directory;
    this.#hooks = hooks;
    try {
      ensureFolderSync(directory);
      this.#watcher = watch(directory, (_, name) => name !== null && this.#changed(name));
    } catch (cause) {
      const { code = "EIO" } = cause as NodeJS.ErrnoException;
      throw new PuntError("stonework.discovery", code, `cannot watch ${directory}`, { path: directory }, cause);
    }
    this.#watcher.on("error", (error) => hooks.problem(error));
    void this.#scan();
  }

  close(): void {
    this.#watcher.close();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
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
      void this.#read(join(this.#directory, name));
    }, SETTLE_MS);
    this.#timers.set(name, timer);
  }

  async #read(file: string): Promise<void> {
    try {
      const { mtimeMs, ino } = await stat(file);
      const announcement = await readAnnouncement(file);
      const mark = JSON.stringify([announcement, mtimeMs, ino]);
      if (this.#seen.get(file) === mark) return;
      this.#seen.set(file, mark);
      this.#hooks.announced(announcement);
    } catch (error) {
      // A CNF that removes its file says nothing.
      if (error instanceof PuntError || (error as NodeJS.ErrnoException).code !== "ENOENT")
        this.#hooks.problem(error as Error);
    }
  }
}
