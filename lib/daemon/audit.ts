// The audit log: one JSON line for every call, with who asked, what for, and which rule decided.
import { createWriteStream, type WriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { PuntError } from "../errors.js";
import type { PuntId } from "../punt/index.js";

/** A decision. */
export interface AuditEntry {
  readonly caller: string;
  /** For a call that reached the daemon by etcd: the daemon that passed it on, or `etcd` where the caller wrote to etcd itself. */
  readonly through?: string;
  readonly call: string;
  readonly decision: "allowed" | "refused" | "failed";
  readonly rule?: string | undefined;
  /** The host in etcd, where the call named another one than the daemon's own. */
  readonly host?: string | undefined;
  readonly punts?: readonly PuntId[];
  /** The rules that refused it, each with the field that decided. */
  readonly objections?: readonly unknown[];
  /** Why it was refused or failed. */
  readonly code?: string;
  readonly message?: string;
}

export class AuditLog {
  #stream: WriteStream | undefined;
  readonly #path: string | undefined;
  readonly #problem: (error: unknown) => void;

  private constructor(path: string | undefined, problem: (error: unknown) => void) {
    this.#path = path;
    this.#problem = problem;
    this.reopen();
  }

  /** @throws PuntError an errno name: the file cannot be written */
  static async open(path: string | undefined, problem: (error: unknown) => void): Promise<AuditLog> {
    if (path !== undefined) {
      try {
        await (await open(path, "a", 0o640)).close();
      } catch (cause) {
        const { code = "EIO" } = cause as NodeJS.ErrnoException;
        throw new PuntError("daemon.audit", code, `cannot write ${path}`, { path }, cause);
      }
    }
    return new AuditLog(path, problem);
  }

  /** Opens the file by its name again, after it was moved away. */
  reopen(): void {
    if (this.#path === undefined) return;
    this.#stream?.end();
    this.#stream = createWriteStream(this.#path, { flags: "a", mode: 0o640 }).on("error", this.#problem);
  }

  write(entry: AuditEntry): void {
    this.#stream?.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
  }

  close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    if (!stream) return Promise.resolve();
    return new Promise((resolve) => {
      stream.once("close", resolve);
      stream.end();
    });
  }
}
