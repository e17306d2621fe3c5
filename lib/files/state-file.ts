// A file in which one process keeps its state: read once, then replaced as a whole with each change.
import { dirname } from "node:path";
import type { ZodType } from "zod";
import { PuntError } from "../errors.js";
import { checkShape, issueText } from "../shapes.js";
import { ensureFolder, OWN_FOLDER } from "./folder.js";
import { readRegularFile, unreadable } from "./read-file.js";
import { seal, unseal } from "./sealed.js";
import { writeDurably } from "./write-durably.js";

const VERSION = 1;

/** A kind of file. */
export interface StateForm<T> {
  /** The operation of its errors. */
  readonly op: string;
  /** Stands in the first line, so that a file of another kind is refused. */
  readonly format: string;
  /** Makes the check of the state. */
  readonly shape: () => ZodType<T>;
  /** The operator's way out of a damaged file. */
  readonly remedy: string;
}

/** A file of state. A damaged file is reported and left alone. */
export class StateFile<T> {
  readonly #path: string | undefined;
  readonly #form: StateForm<T>;
  #last: Promise<void> = Promise.resolve();

  /** Without a path nothing is kept. */
  constructor(path: string | undefined, form: StateForm<T>) {
    this.#path = path;
    this.#form = form;
  }

  /**
   * Returns what the file holds; undefined if there is none.
   *
   * @throws PuntError ERR_STORE_DAMAGED; ERR_STORE_VERSION: a later version wrote it; an errno name
   */
  async load(): Promise<T | undefined> {
    const path = this.#path;
    if (path === undefined) return undefined;
    try {
      return parseState((await readRegularFile(path)).toString("utf8"), path, this.#form);
    } catch (cause) {
      if (cause instanceof PuntError) throw cause;
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw unreadable(this.#form.op, path, cause);
    }
  }

  /**
   * Replaces the content. Earlier calls come first.
   *
   * @throws PuntError an errno name
   */
  save(content: T): Promise<void> {
    const path = this.#path;
    if (path === undefined) return Promise.resolve();
    const text = seal(this.#form.format, VERSION, JSON.stringify(content));
    const saved = this.#last.then(() => this.#replace(path, text));
    this.#last = saved.catch(() => {});
    return saved;
  }

  /** Returns the error of a file whose content has the right shape, and is something else all the same. */
  damaged(reason: string, cause: unknown): PuntError {
    return damaged(this.#path ?? "", this.#form, reason, cause);
  }

  async #replace(path: string, text: string): Promise<void> {
    try {
      await ensureFolder(dirname(path), OWN_FOLDER);
      await writeDurably(path, text);
    } catch (cause) {
      const { code = "EIO" } = cause as NodeJS.ErrnoException;
      throw new PuntError(this.#form.op, code, `cannot write ${path}`, { path }, cause);
    }
  }
}

/** Reads the text of a file. `path` is its name in errors. @throws PuntError ERR_STORE_DAMAGED, ERR_STORE_VERSION */
export function parseState<T>(text: string, path: string, form: StateForm<T>): T {
  const checked = checkShape(form.shape(), contentOf(text, path, form));
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw damaged(path, form, issueText(issue!), checked.error);
}

function contentOf(text: string, path: string, form: StateForm<unknown>): unknown {
  const sealed = unseal(text);
  // A file of an earlier program has the state alone.
  if (sealed === undefined) return parsedJson(text, path, form);
  const { format, version, body, isWhole } = sealed;
  if (format !== form.format) throw damaged(path, form, `its first line is not that of "${form.format}"`);
  if (version !== VERSION) {
    const message = `${path} has version ${version}; this program reads ${VERSION}`;
    throw new PuntError(form.op, "ERR_STORE_VERSION", message, { path, version });
  }
  if (!isWhole) throw damaged(path, form, "its checksum is wrong");
  return parsedJson(body, path, form);
}

function parsedJson(text: string, path: string, form: StateForm<unknown>): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(path, form, "it is not JSON", cause);
  }
}

function damaged(path: string, { op, remedy }: StateForm<unknown>, reason: string, cause?: unknown): PuntError {
  const message = `${path} is damaged: ${reason}; the file was left alone: ${remedy}`;
  return new PuntError(op, "ERR_STORE_DAMAGED", message, { path }, cause);
}
