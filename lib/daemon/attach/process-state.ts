// Another process, as /proc shows it: whether it is stopped, and the descriptor of its socket.
import { type Dir, opendirSync, readFileSync, readlinkSync } from "node:fs";

/** Whether no thread of the process can run: by SIGSTOP, a debugger, or the freezer of its cgroup (v2). */
export function isStopped(pid: number): boolean {
  return (isThreadStopped(`/proc/${pid}/stat`) && areThreadsStopped(pid)) || isFrozen(pid);
}

export interface SocketPlace {
  /** The descriptor's number in the process. */
  readonly number: number;
  readonly inode: number;
}

/** How many descriptors may be looked at. A process has as many as it likes. */
export interface Budget {
  left: number;
}

/** The search for the datagram socket of a path among the descriptors of a process that is stopped. */
export class SocketSearch {
  readonly #folder: string;
  readonly #inodes: ReadonlySet<number>;
  readonly #descriptors: Dir;
  #isOver = false;

  /** @throws NodeJS.ErrnoException EACCES: this process may not look; ENOENT: the process is gone */
  constructor(pid: number, path: string) {
    // The daemon's namespace for a socket that it has handed over, the process's for one of its own.
    const tables = ["/proc/net/unix", `/proc/${pid}/net/unix`];
    this.#inodes = new Set(tables.flatMap((file) => inodesOf(textOf(file), path)));
    this.#folder = `/proc/${pid}/fd`;
    this.#descriptors = opendirSync(this.#folder);
  }

  /** Goes on, and returns the socket's place if it comes to it. */
  step(budget: Budget): SocketPlace | undefined {
    while (!this.#isOver && budget.left > 0) {
      budget.left--;
      const entry = this.#descriptors.readSync();
      const link = entry ? linkOf(`${this.#folder}/${entry.name}`) : "";
      const inode = Number(/^socket:\[(\d+)\]$/.exec(link)?.[1]);
      const isFound = this.#inodes.has(inode);
      if (!entry || isFound) this.close();
      if (entry && isFound) return { number: Number(entry.name), inode };
    }
    return undefined;
  }

  close(): void {
    if (!this.#isOver) this.#descriptors.closeSync();
    this.#isOver = true;
  }
}

/** Num RefCount Protocol Flags Type St Inode Path; type 2 is SOCK_DGRAM. */
function inodesOf(table: string, path: string): number[] {
  return table.split("\n").flatMap((line) => {
    const [, , , , type, , inode, ...rest] = line.trim().split(/ +/);
    return type === "0002" && rest.join(" ") === path ? [Number(inode)] : [];
  });
}

/** Looks at so many threads: a process that is stopped is so with all of them. */
const MOST_THREADS = 64;

function areThreadsStopped(pid: number): boolean {
  const folder = `/proc/${pid}/task`;
  let threads: Dir | undefined;
  try {
    threads = opendirSync(folder);
    for (let count = 0; count < MOST_THREADS; count++) {
      const thread = threads.readSync();
      if (!thread) return true;
      if (!isThreadStopped(`${folder}/${thread.name}/stat`)) return false;
    }
    return true;
  } catch {
    return false;
  } finally {
    threads?.closeSync();
  }
}

/** The state follows the name, which is in parentheses and may have parentheses itself. */
function isThreadStopped(file: string): boolean {
  return /\) [Tt] [^)]*$/.test(textOf(file));
}

function isFrozen(pid: number): boolean {
  const group = /^0::(\/.*)$/m.exec(textOf(`/proc/${pid}/cgroup`))?.[1];
  return group !== undefined && /^frozen 1$/m.test(textOf(`/sys/fs/cgroup${group}/cgroup.events`));
}

/** "" for a file that cannot be read. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return "";
  }
}
