// The daemon as programs hold it. What speaks gRPC is loaded when one starts: an import of `vpp-punt/daemon` stays quick.
import type { DaemonOptions } from "./options.js";
import type { RunningDaemon } from "./running-daemon.js";

/** A running daemon. */
export class Daemon implements AsyncDisposable {
  readonly #running: RunningDaemon;

  /**
   * Starts a daemon. Does not wait for VPP: it may come later.
   *
   * @throws PuntError ERR_OPTION; ERR_POLICY_FILE: the policy is wrong; of the store, such as ERR_STORE_BUSY: another daemon has the folder
   * `state`; EADDRINUSE: another daemon listens at the socket; an errno name
   * @example
   * ```ts
   * import { Daemon } from "vpp-punt/daemon";
   * const daemon = await Daemon.start({ state: "/var/lib/vpp-punt", http: { port: 9101 } });
   * process.once("SIGTERM", () => daemon.close());
   * ```
   */
  static async start(options: DaemonOptions = {}): Promise<Daemon> {
    const { RunningDaemon } = await import("./running-daemon.js");
    return new Daemon(await RunningDaemon.start(options));
  }

  private constructor(running: RunningDaemon) {
    this.#running = running;
  }

  /** Ports of the services for StoneWork's CNFs; undefined without the option `stonework`. */
  get stoneWorkPorts(): { readonly grpc: number; readonly http: number } | undefined {
    return this.#running.stoneWorkPorts;
  }

  /** Where it listens: the path of the UNIX socket, that of attach.sock, then `host:port` if it listens on TCP. */
  get addresses(): readonly string[] {
    return this.#running.addresses;
  }

  /** Where /livez, /readyz and /metrics are, as `host:port`; undefined without the option `http`. */
  get httpAddress(): string | undefined {
    return this.#running.httpAddress;
  }

  /** Where the page is on this machine, as `host:port`; undefined where the option `page` names no port. */
  get pageAddress(): string | undefined {
    return this.#running.pageAddress;
  }

  /**
   * Opens the audit log again, and reads the policy, the certificates, etcd's password and StoneWork's configuration again. A part that
   * cannot be read stays as it was, and does not keep the others from being read.
   *
   * @returns texts that say which punts the policy would not allow any more; they stay
   * @throws PuntError of the first part that could not be read
   */
  reload(): Promise<readonly string[]> {
    return this.#running.reload();
  }

  /** Stops: refuses new calls, lets those under way end, then closes everything. Punts stay in VPP. */
  close(): Promise<void> {
    return this.#running.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
