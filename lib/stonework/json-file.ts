// A file of JSON that one process keeps: read once, then replaced as a whole with each change.
import { rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { PuntError } from "../errors.js";
import { ensureFolder } from "../folder.js";
import { readRegularFile } from "../read-file.js";

export class JsonFile {
  readonly #path: string | undefined;
  readonly #op: string;
  #last: Promise<void> = Promise.resolve();

  /** Without a path nothing is kept. */
  constructor(path: string | undefined, op: string) {
    this.#path = path;
    this.#op = op;
  }

  /**
   * Returns what the file holds; undefined if there is none.
   *
   * @throws PuntError ERR_FORMAT: the file is not JSON; an errno name
   */
  async load(): Promise<unknown> {
    if (this.#path === undefined) return undefined;
    try {
      return JSON.parse((await readRegularFile(this.#path)).toString("utf8"));
    } catch (cause) {
      const { code = "ERR_FORMAT" } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      throw new PuntError(this.#op, code, `cannot read ${this.#path}`, { path: this.#path }, cause);
    }
  }

  /**
   * Replaces the content. Earlier calls come first.
   *
   * @throws PuntError an errno name
   */
  save(content: unknown): Promise<void> {
    const path = this.#path;
    if (path === undefined) return Promise.resolve();
    const text = `${JSON.stringify(content)}\n`;
    const saved = this.#last.then(() => this.#replace(path, text));
    this.#last = saved.catch(() => {});
    return saved;
  }

  async #replace(path: string, text: string): Promise<void> {
    try {
      await ensureFolder(dirname(path), 0o750);
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    } catch (cause) {
      const { code = "EIO" } = cause as NodeJS.ErrnoException;
      throw new PuntError(this.#op, code, `cannot write ${path}`, { path }, cause);
    }
  }
}
