// Where the desired state is kept, so that it outlives the manager.
import { createHash } from "node:crypto";
import { copyFile, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { PuntError } from "../../errors.js";
import type { Interconnect, KnownNamespace } from "../interconnect/index.js";
import type { PuntRequest } from "../request/index.js";
import { StoreLock } from "./store-lock.js";

/** All a manager has to remember. Plain data. */
export interface StoredState {
  readonly punts: readonly PuntRequest[];
  readonly interconnects: readonly Interconnect[];
  readonly namespaces: readonly KnownNamespace[];
  /** What VPP cannot tell of objects of ours, by item key. */
  readonly claims: Readonly<Record<string, string>>;
  /** What was applied where VPP has no message that reads it back, by item key. */
  readonly notes: Readonly<Record<string, object>>;
}

export interface Store {
  /** Called before a manager that will save loads: whoever has the store keeps others out. */
  open?(): Promise<void>;
  /** What was saved last; undefined if nothing ever was. */
  load(): Promise<StoredState | undefined>;
  /** Resolves when the state will be there after a crash of whatever the store protects from. Called for one state at a time. */
  save(state: StoredState): Promise<void>;
  /** Called when nothing will be saved any more. */
  close?(): Promise<void>;
}

/**
 * Forgets with the process. What bears a mark of the manager in VPP, as interconnects and all that is built on them do, is deleted by
 * the next one's start; punt socket registrations and proxy-ARP ranges bear none: without a store that outlives the process they stay.
 */
export class MemoryStore implements Store {
  #state: string | undefined;

  async load(): Promise<StoredState | undefined> {
    return this.#state === undefined ? undefined : JSON.parse(this.#state);
  }

  async save(state: StoredState): Promise<void> {
    this.#state = JSON.stringify(state);
  }
}

const version = 2;
/** Versions before it that are read as well, and what makes a state of them one of the next version. */
const UPGRADES: Readonly<Record<number, (state: object) => object>> = {
  // What was applied was known to the process only.
  1: (state) => ({ ...state, notes: {} }),
};
const format = "vpp-punt";
/** It has the memif secrets. */
const fileMode = 0o600;

/**
 * A file. It is replaced as a whole: whoever reads it after a crash finds the state before or after a save, never a part. The
 * state before is kept beside it, in `<path>.backup`. A file that is damaged is reported and left alone. While it is open, `<path>.lock`
 * says by which process.
 */
export class FileStore implements Store {
  readonly path: string;
  readonly backup: string;
  #hasFile = false;
  #lock: StoreLock | undefined;

  constructor(path: string) {
    this.path = path;
    this.backup = `${path}.backup`;
  }

  /** @throws PuntError `ERR_STORE_BUSY`: a process that runs has it, `details.pid`. The errno name if the lock cannot be written. */
  async open(): Promise<void> {
    this.#lock = StoreLock.take(`${this.path}.lock`);
  }

  async close(): Promise<void> {
    this.#lock?.release();
    this.#lock = undefined;
  }

  /**
   * @throws PuntError `ERR_STORE_DAMAGED`: the file is cut short, altered or no such file, `ERR_STORE_VERSION`: of a later version;
   * `details.backup` is a file with the state before, if there is a good one. The errno name if it cannot be read.
   */
  async load(): Promise<StoredState | undefined> {
    const text = await readIfThere(this.path);
    if (text === undefined) return undefined;
    const state = await this.#parseOrReport(text);
    this.#hasFile = true;
    return state;
  }

  async save(state: StoredState): Promise<void> {
    try {
      await this.#replace(serialize(state));
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? "EIO";
      throw new PuntError("punt.store", code, `cannot write ${this.path}`, { path: this.path }, cause);
    }
  }

  async #parseOrReport(text: string): Promise<StoredState> {
    try {
      return parse(text, this.path);
    } catch (error) {
      const { code, message, details, op } = error as PuntError;
      const backup = await this.#goodBackup();
      const advice = backup ? `the state before is in ${backup}` : "there is no good backup";
      throw new PuntError(
        op,
        code,
        `${message.slice(op.length + 2)}; it is left as it is, ${advice}`,
        { ...details, backup },
        error,
      );
    }
  }

  async #goodBackup(): Promise<string | undefined> {
    try {
      parse((await readIfThere(this.backup)) ?? "", this.backup);
      return this.backup;
    } catch {
      return undefined;
    }
  }

  async #replace(text: string): Promise<void> {
    const directory = dirname(this.path);
    if (!this.#hasFile) await mkdir(directory, { recursive: true });
    else await copyFile(this.path, this.backup);
    const fresh = `${this.path}.new`;
    await writeDurably(fresh, text);
    await rename(fresh, this.path);
    // A rename is durable only once its folder is.
    await syncDirectory(directory);
    this.#hasFile = true;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "EIO";
    if (code === "ENOENT") return undefined;
    throw new PuntError("punt.store", code, `cannot read ${path}`, { path }, cause);
  }
}

/** A first line that says what follows and its checksum, and the state. */
function serialize(state: StoredState): string {
  const body = JSON.stringify(state);
  return `${JSON.stringify({ format, version, sha256: digest(body) })}\n${body}\n`;
}

function parse(text: string, path: string): StoredState {
  const [head, body] = text.split("\n");
  const header = headerOf(head);
  if (header?.format !== format) throw damaged(path, "it does not begin like a store");
  const known = header.version === version || UPGRADES[header.version ?? 0] !== undefined;
  if (!known) {
    const message = `${path} has version ${header.version}, this is version ${version}`;
    throw new PuntError("punt.store", "ERR_STORE_VERSION", message, { path, version: header.version });
  }
  if (digest(body ?? "") !== header.sha256) throw damaged(path, "its checksum is wrong");
  return upgraded(JSON.parse(body!), header.version!);
}

function upgraded(state: object, from: number): StoredState {
  let current = state;
  for (let at = from; at < version; at++) current = UPGRADES[at]!(current);
  return current as StoredState;
}

function headerOf(line: string): { format?: string; version?: number; sha256?: string } | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function damaged(path: string, reason: string): PuntError {
  return new PuntError("punt.store", "ERR_STORE_DAMAGED", `${path} is damaged: ${reason}`, { path });
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "w", fileMode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
