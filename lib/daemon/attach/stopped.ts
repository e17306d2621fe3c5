// CNFs that are stopped: the queues of their punt sockets would fill VPP's send buffer, which is one for all CNFs.
import { existsSync } from "node:fs";
import {
  blockDatagrams,
  type Descriptor,
  queueLength,
  takeDatagramSocket,
  unblockDatagrams,
} from "../../descriptor/index.js";
import type { Logger } from "../../logger.js";
import { type Budget, isStopped, type SocketPlace, SocketSearch } from "./process-state.js";

/** How often the CNFs are looked at. */
const LOOK_MS = 250;
/** How many looks in a row have to find a CNF stopped: 3 s. */
const MOST_LOOKS = 12;
/** How many descriptors of stopped CNFs each look may look at. */
const MOST_DESCRIPTORS = 1_000;
/** A quarter of VPP's send buffer, as native/punt_socket/send_buffer.h counts it. The queues of stopped CNFs may take so much. */
const MOST_WAITING = 131_072 / 4;
/** For a daemon that may not look into the CNF's process. */
const RIGHTS = "give the daemon CAP_SYS_PTRACE";

export interface CnfSocket {
  /** The punt, for messages. */
  readonly punt: string;
  /** The CNF's process. */
  readonly pid: number;
  readonly path: string;
  /** VPP's punt socket; "" when the CNF's is not connected. */
  readonly vppPath: string;
}

interface Watched extends CnfSocket {
  /** How many looks in a row have found the CNF stopped. */
  looks: number;
  /** Where the CNF has the socket, and the search for that. */
  search: SocketSearch | undefined;
  place: SocketPlace | undefined;
  /** The socket, while it is blocked. */
  blocked: Descriptor | undefined;
  isReported: boolean;
}

const NEW = { looks: 0, search: undefined, place: undefined, blocked: undefined, isReported: false };

/**
 * Blocks the punt sockets of CNFs that are stopped when their queues take too much of VPP's send buffer, and unblocks them when the CNFs go on. It
 * holds no descriptor of a CNF that runs: a socket that its CNF closes is closed.
 */
export class StoppedCnfs {
  readonly #log: Logger;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Begins to watch a socket, in the place of an earlier one at its path. */
  watch(socket: CnfSocket): void {
    this.#forget(socket.path);
    this.#watched.set(socket.path, { ...socket, ...NEW });
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Unblocks all. */
  close(): void {
    clearInterval(this.#timer);
    for (const path of [...this.#watched.keys()]) this.#forget(path);
  }

  #look(): void {
    for (const watched of this.#watched.values()) {
      if (!existsSync(`/proc/${watched.pid}`) || !existsSync(watched.path)) this.#forget(watched.path);
      else if (isStopped(watched.pid)) watched.looks++;
      else this.#goOn(watched);
    }
    const stopped = [...this.#watched.values()].filter(({ looks, blocked }) => looks >= MOST_LOOKS && !blocked);
    this.#makeRoom(stopped);
  }

  /** Blocks sockets if their queues take too much together. */
  #makeRoom(stopped: readonly Watched[]): void {
    const budget = { left: MOST_DESCRIPTORS };
    const taken = stopped.flatMap((watched) => this.#take(watched, budget) ?? []);
    const isMuch = taken.reduce((sum, { cost }) => sum + cost, 0) >= MOST_WAITING;
    for (const { watched, socket, cost } of taken) {
      if (isMuch && cost > 0) this.#block(watched, socket);
      else socket.close();
    }
  }

  #take(watched: Watched, budget: Budget): { watched: Watched; socket: Descriptor; cost: number } | undefined {
    const { pid, path } = watched;
    try {
      watched.search ??= new SocketSearch(pid, path);
      watched.place ??= watched.search.step(budget);
      // The search goes on; or the process has closed the socket, or given it to another process.
      if (!watched.place) return undefined;
      const socket = takeDatagramSocket(pid, watched.place.number, watched.place.inode);
      const { datagrams, bytes } = queueLength(socket);
      return { watched, socket, cost: 700 * datagrams + 2 * bytes };
    } catch (error) {
      this.#fail(watched, error);
      return undefined;
    }
  }

  #block(watched: Watched, socket: Descriptor): void {
    const { punt } = watched;
    try {
      const discarded = blockDatagrams(socket);
      watched.blocked = socket;
      const message = `the CNF of ${punt} is stopped: its packets are dropped until it goes on`;
      this.#log.warn({ punt, discarded }, message);
    } catch (error) {
      socket.close();
      this.#fail(watched, error);
    }
  }

  /** The CNF runs. */
  #goOn(watched: Watched): void {
    watched.looks = 0;
    watched.isReported = false;
    this.#endSearch(watched);
    this.#unblock(watched);
  }

  #endSearch(watched: Watched): void {
    watched.search?.close();
    watched.search = undefined;
    watched.place = undefined;
  }

  #unblock(watched: Watched): void {
    const { blocked, punt, vppPath } = watched;
    if (!blocked) return;
    watched.blocked = undefined;
    try {
      unblockDatagrams(blocked, vppPath);
      this.#log.info({ punt }, `the CNF of ${punt} gets its packets again`);
    } catch (error) {
      this.#fail(watched, error);
    }
    blocked.close();
  }

  #forget(path: string): void {
    const watched = this.#watched.get(path);
    if (watched) {
      this.#endSearch(watched);
      this.#unblock(watched);
    }
    this.#watched.delete(path);
  }

  /** One message for each stop. */
  #fail(watched: Watched, error: unknown): void {
    const { punt, isReported } = watched;
    watched.isReported = true;
    const message = `the CNF of ${punt} is stopped, and the daemon cannot empty its punt socket: its packets may take VPP's send buffer`;
    const { code } = error as NodeJS.ErrnoException;
    const isDenied = code === "EACCES" || code === "EPERM";
    if (!isReported) this.#log.warn({ punt, ...(isDenied ? { code, remedy: RIGHTS } : { err: error }) }, message);
  }
}
