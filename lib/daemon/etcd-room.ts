// Whether etcd has room: a daemon without it goes on, so its log and /readyz say so.
import { type Etcd, MAKE_ROOM } from "../cluster/index.js";
import type { Logger } from "../logger.js";

const LOOK_MS = 10_000;

export class EtcdRoom {
  readonly #etcd: Pick<Etcd, "isFull" | "endpoints">;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #isFull = false;

  constructor(etcd: Pick<Etcd, "isFull" | "endpoints">, logger: Logger) {
    this.#etcd = etcd;
    this.#logger = logger;
    this.#timer = setInterval(() => this.look().catch(() => {}), LOOK_MS).unref();
  }

  /** Whether etcd had no room at the last look. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Asks etcd, and logs a change. @returns whether it has no room left @throws PuntError ERR_ETCD_AWAY */
  async look(): Promise<boolean> {
    const isFull = await this.#etcd.isFull();
    if (isFull === this.#isFull) return isFull;
    this.#isFull = isFull;
    const { endpoints } = this.#etcd;
    if (isFull) this.#logger.warn({ endpoints, remedy: MAKE_ROOM }, "etcd has no room left: changes are refused");
    else this.#logger.info({ endpoints }, "etcd has room again: changes are made");
    return isFull;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
