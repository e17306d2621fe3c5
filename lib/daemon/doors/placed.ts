// A socket's file that may be another daemon's next: it is made under another name, and takes its place in one step.
import { renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { OwnFile } from "./own-file.js";

/** The file of a socket. */
export class PlacedFile extends OwnFile {
  /** Where the socket listens first. */
  readonly made: string;

  /** `path`: where clients look for it. */
  constructor(path: string) {
    super(path);
    // As short as can be: a socket's path has 107 bytes.
    this.made = join(dirname(path), `.${Math.random().toString(36).slice(2, 6)}`);
  }

  /** Moves the socket to its path, and replaces a file that is there. */
  place(): void {
    this.take(this.made);
    renameSync(this.made, this.path);
  }
}
