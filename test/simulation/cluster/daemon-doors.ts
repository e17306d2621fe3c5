// The doors of a daemon of the host: its service, the sessions of modules, and the sockets that the daemon that acts takes over.
import type { ClusterPunts } from "../../../lib/cluster/index.js";
import { ActingDoors } from "../../../lib/daemon/acting-doors.js";
import { attachPathOf } from "../../../lib/daemon/cnf-sockets.js";
import type { Parts } from "../../../lib/daemon/service/index.js";
import { SILENT } from "../../../lib/logger.js";
import type { CallDoors } from "../module/call-door.js";
import { openAttach, partsOf, serviceOf } from "../service.js";

/** Virtual milliseconds that the streams have to take the word that they end. */
const GOODBYE_MS = 5;

export interface DaemonDoorsOptions {
  /** Where the daemon takes calls. */
  readonly socket: string;
  /** The doors of all daemons. */
  readonly calls: CallDoors;
}

export class DaemonDoors {
  readonly #sessions: Parts["sessions"];
  readonly #stopping = new AbortController();
  #acting: ActingDoors<{ readonly path: string }> | undefined;
  #isDraining = false;

  /** Opens the doors of the daemon whose party runs now. */
  static async open(
    punts: ClusterPunts,
    sessions: Parts["sessions"],
    options: DaemonDoorsOptions,
  ): Promise<DaemonDoors> {
    const doors = new DaemonDoors(sessions);
    await doors.#open(await partsOf(punts, sessions, doors.#stopping.signal), punts, options);
    return doors;
  }

  private constructor(sessions: Parts["sessions"]) {
    this.#sessions = sessions;
  }

  async #open(parts: Parts, punts: ClusterPunts, { socket, calls }: DaemonDoorsOptions): Promise<void> {
    const service = serviceOf(parts, socket);
    this.#acting = await ActingDoors.open({
      ...{ punts, sessions: this.#sessions, logger: SILENT, sockets: [{ path: socket }] },
      attachSocketOf: attachPathOf,
      open: async (_socket, callsAt, attachAt) => [calls.open(callsAt, service), openAttach(parts, attachAt, socket)],
      isListening: async (path) => calls.at(path) !== undefined,
      isDraining: () => this.#isDraining,
    });
    this.#acting.follow();
  }

  /** Ends in order, before the punts do. */
  async close(): Promise<void> {
    this.#isDraining = true;
    await this.#sessions.close();
    this.#stopping.abort();
    await new Promise((resolve) => setTimeout(resolve, GOODBYE_MS));
    await this.#acting?.close();
  }
}
