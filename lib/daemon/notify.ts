// Tells systemd of a service with Type=notify: that it is ready, that it lives, that it stops.
import { writeSync } from "node:fs";
import { connectPuntSocket, type Descriptor } from "../descriptor/index.js";

/** Milliseconds after which a word for which systemd had no room is sent again. */
const PAUSE_MS = 10;

/**
 * Tells systemd; does nothing where systemd did not start the process.
 * @example
 * ```ts
 * import { Daemon, ServiceNotifier } from "vpp-punt/daemon";
 *
 * // A program of its own around the daemon, as a unit of systemd with Type=notify.
 * using systemd = new ServiceNotifier();
 * await using daemon = await Daemon.start({ vppSocket: "/run/vpp/api.sock" });
 * systemd.tell("READY=1");
 * ```
 */
export class ServiceNotifier implements Disposable {
  readonly #socket: Descriptor | undefined;
  readonly #watchdog: NodeJS.Timeout | undefined;
  /** Words for which systemd had no room. */
  readonly #waiting: string[] = [];
  #retry: NodeJS.Timeout | undefined;

  /** @param env NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, as sd_notify(3) and sd_watchdog_enabled(3) say */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    const { NOTIFY_SOCKET: path = "", WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env;
    // Services of the system get a path; an abstract name (@...) is for containers of nspawn.
    if (!path.startsWith("/")) return;
    this.#socket = connectPuntSocket(path);
    const isWatched = usec !== undefined && (pid === undefined || Number(pid) === process.pid);
    // systemd advises half of the time. A blocked event loop is late, which is what is watched.
    if (isWatched) this.#watchdog = setInterval(() => this.tell("WATCHDOG=1"), Number(usec) / 2000).unref();
  }

  /** Sends a word such as `READY=1`, now or as soon as systemd has room for it. */
  tell(word: string): void {
    if (!this.#socket) return;
    if (this.#waiting.at(-1) !== word) this.#waiting.push(word);
    this.#send(this.#socket);
  }

  /** Other services may have filled the queue of systemd's socket. Without READY=1, systemd would take the start for failed. */
  #send(socket: Descriptor): void {
    clearTimeout(this.#retry);
    for (; this.#waiting.length > 0; this.#waiting.shift())
      try {
        writeSync(socket.fd, this.#waiting[0]!);
      } catch (error) {
        // systemd itself may be restarting: the next word reaches it.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") continue;
        this.#retry = setTimeout(() => this.#send(socket), PAUSE_MS).unref();
        return;
      }
  }

  /** Ends the messages to systemd. */
  close(): void {
    clearInterval(this.#watchdog);
    clearTimeout(this.#retry);
    this.#socket?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
