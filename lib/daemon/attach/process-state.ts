// Another process, as /proc shows it: whether it is stopped, and the descriptor of its socket.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Whether no thread of the process can run: by SIGSTOP, a debugger, or the freezer of its cgroup (v2). */
export function isStopped(pid: number): boolean {
  return (isThreadStopped(`/proc/${pid}/stat`) && areThreadsStopped(pid)) || isFrozen(pid);
}

export interface SocketPlace {
  /** The descriptor's number in the process. */
  readonly number: number;
  readonly inode: number;
}

/**
 * Returns where the process has the datagram socket of that path; undefined when it has none.
 *
 * @throws NodeJS.ErrnoException EACCES: this process may not look
 */
export function socketOf(pid: number, path: string): SocketPlace | undefined {
  // The daemon's namespace for a socket that it has handed over, the process's for one of its own.
  const inodes = new Set(["/proc/net/unix", `/proc/${pid}/net/unix`].flatMap((file) => inodesOf(textOf(file), path)));
  const folder = `/proc/${pid}/fd`;
  for (const name of readdirSync(folder)) {
    const inode = Number(/^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`))?.[1]);
    if (inodes.has(inode)) return { number: Number(name), inode };
  }
  return undefined;
}

/** Num RefCount Protocol Flags Type St Inode Path; type 2 is SOCK_DGRAM. */
function inodesOf(table: string, path: string): number[] {
  return table.split("\n").flatMap((line) => {
    const [, , , , type, , inode, ...rest] = line.trim().split(/ +/);
    return type === "0002" && rest.join(" ") === path ? [Number(inode)] : [];
  });
}

function areThreadsStopped(pid: number): boolean {
  try {
    const folder = `/proc/${pid}/task`;
    return readdirSync(folder).every((thread) => isThreadStopped(`${folder}/${thread}/stat`));
  } catch {
    return false;
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
