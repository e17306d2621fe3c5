// The open files of the world's processes: what has a number in a process, what is on its way in a socket, and what is closed with the last of these.
import { PuntError } from "../../../lib/errors.js";
import type { NativeDescriptor } from "../../../lib/native.js";
import type { Files } from "../world/files.js";
import type { Party, Schedule } from "../world/schedule.js";

/** An open file. It is closed with its last descriptor. */
export abstract class OpenFile {
  /** The kernel's number of it. */
  readonly inode: number;
  #holders = 0;

  /** @param table the table of the world's files */
  constructor(readonly table: OpenFiles) {
    this.inode = table.newInode();
  }

  /** Its name, for messages and comparisons. */
  abstract get text(): string;

  hold(): void {
    this.#holders++;
  }

  letGo(): void {
    if (--this.#holders === 0) this.closed();
  }

  protected closed(): void {}
}

/** A number of a process for an open file, in place of the addon's Descriptor. */
export class Handle implements NativeDescriptor {
  #file: OpenFile | undefined;

  constructor(
    file: OpenFile,
    readonly party: Party,
    readonly fd: number,
  ) {
    this.#file = file;
    file.hold();
    file.table.entered(this);
  }

  get file(): OpenFile | undefined {
    return this.#file;
  }

  number(): number {
    return this.#file ? this.fd : -1;
  }

  release(): number {
    throw new Error("no process of the world keeps a number without its owner");
  }

  duplicate(): Handle {
    return this.#file!.table.open(this.#file!);
  }

  close(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    file.table.left(this);
    file.letGo();
  }

  /** Native code takes the file over, under the same number. */
  take(): Handle {
    const taken = new Handle(this.#file!, this.party, this.fd);
    const file = this.#file!;
    this.#file = undefined;
    file.letGo();
    return taken;
  }
}

/** A port of a process over a descriptor: a memif, a punt socket, an injector, a packet socket, or one end of an exchange. */
export interface Port {
  readonly party: Party;
  /** The end that it is for the CNF; undefined for what is none. */
  readonly end: string | undefined;
  /** Whether it lasts only as long as an exchange. */
  readonly isPassing: boolean;
  /** Whether what is at the other end lives. */
  readonly isConnected: boolean;
  /** The number that it has taken over, if it has one now. */
  readonly handle: Handle | undefined;
  close(): void;
}

const CODES = {
  ...{ attach: "EAGAIN", accept: "EMFILE", pass: "EPIPE", receive: "EMFILE", bind: "ENOSPC", control: "EAGAIN" },
  ...{ memif: "EMFILE", given: "EPIPE", "slow-folder": "ETIMEDOUT" },
  ...{ "punt-socket": "ENOMEM", injector: "EMFILE", packets: "ENOMEM", device: "EMFILE", namespace: "EMFILE" },
} as const;

/** A call of the kernel or of native code that may fail. At "pass", who passes descriptors dies in the middle of it, and at "given", who gets them ends. A slow folder is made late. */
export type Call = keyof typeof CODES;
export const CALLS = Object.keys(CODES) as Call[];

export class OpenFiles {
  readonly #handles = new Map<number, Handle>();
  readonly #ports = new Set<Port>();
  readonly #failing = new Map<Call, number>();
  /** Kills a process that passes descriptors. */
  killed: (party: Party) => void = () => {};
  /** Ends a process in order while descriptors are on their way to it. */
  ended: (party: Party) => void = () => {};
  #nextFd = 10;
  #nextInode = 100_000;

  constructor(
    readonly schedule: Schedule,
    readonly files: Files,
  ) {}

  newInode(): number {
    return this.#nextInode++;
  }

  /** Gives the party that runs now a number for a file. No two numbers of the world are equal. */
  open(file: OpenFile): Handle {
    return new Handle(file, this.schedule.party, this.#nextFd++);
  }

  entered(handle: Handle): void {
    this.#handles.set(handle.fd, handle);
  }

  left(handle: Handle): void {
    this.#handles.delete(handle.fd);
  }

  /** @throws an Error if no process has the number */
  fileOf(fd: number): OpenFile {
    const file = this.#handles.get(fd)?.file;
    if (file === undefined) throw new Error(`descriptor ${fd} is not open`);
    return file;
  }

  all(): Handle[] {
    return [...this.#handles.values()];
  }

  handlesOf(party: Party): Handle[] {
    return [...this.#handles.values()].filter((handle) => handle.party === party);
  }

  opened(port: Port): void {
    this.#ports.add(port);
  }

  closed(port: Port): void {
    this.#ports.delete(port);
  }

  ports(): Port[] {
    return [...this.#ports];
  }

  portsOf(party: Party): Port[] {
    return [...this.#ports].filter((port) => port.party === party);
  }

  /** Some of the next calls fail. */
  fail(call: Call, times: number): void {
    this.#failing.set(call, times);
  }

  /** Nothing fails any more. */
  calm(): void {
    this.#failing.clear();
  }

  /** Returns the error of a call that fails now. */
  failure(call: Call): string | undefined {
    const times = this.#failing.get(call) ?? 0;
    if (times === 0 || this.schedule.random.chance(0.5)) return undefined;
    this.#failing.set(call, times - 1);
    return CODES[call];
  }

  /** @throws PuntError if the call fails now */
  check(call: Call, op: string): void {
    const code = this.failure(call);
    if (code !== undefined) throw refusal(op, code, `${call} is refused by the simulation`);
  }

  /** Closes all that a dead party had, as the kernel does. */
  leave(party: Party): void {
    for (const port of this.portsOf(party)) port.close();
    for (const handle of this.handlesOf(party)) handle.close();
  }
}

export function refusal(op: string, code: string, why: string): PuntError {
  return new PuntError(op, code, why);
}
