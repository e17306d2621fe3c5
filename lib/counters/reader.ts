// Reads the counters of punts from VPP's statistics segment.
import { dirname, join } from "node:path";
import { VppStats } from "../binapi/index.js";
import type { PuntStatus } from "../punt/index.js";
import { countersOf, PATTERNS, type VppCounters } from "./counters.js";

export interface CounterReaderOptions {
  /** Returns VPP's index of the interface with a tag. Interconnects have one. */
  readonly indexOf: (tag: string) => number | undefined;
  /** VPP's API socket. The stats socket is `stats.sock` beside it, as in VPP's own defaults. */
  readonly vppSocket: string;
  /** The stats socket, where it is elsewhere. */
  readonly statsSocket?: string | undefined;
}

/** Reads counters while it is open, over restarts of VPP. */
export class CounterReader implements Disposable {
  readonly #indexOf: CounterReaderOptions["indexOf"];
  readonly #path: string;
  #stats: Promise<VppStats> | undefined;
  #closed = false;

  /** Opens nothing yet: VPP may come later. */
  constructor({ indexOf, vppSocket, statsSocket }: CounterReaderOptions) {
    this.#indexOf = indexOf;
    this.#path = statsSocket ?? join(dirname(vppSocket), "stats.sock");
  }

  /**
   * Returns VPP's counters.
   *
   * @throws PuntError ERR_DISCONNECTED: VPP is away, or has no statistics segment at that path (`statseg` in its startup.conf)
   */
  async read(punts: readonly Pick<PuntStatus, "id" | "metadata">[]): Promise<VppCounters> {
    this.#stats ??= this.#open();
    const stats = await this.#stats;
    return countersOf(punts, await stats.read(...PATTERNS), this.#indexOf);
  }

  close(): void {
    this.#closed = true;
    void this.#stats?.then(
      (stats) => stats.close(),
      () => {},
    );
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #open(): Promise<VppStats> {
    try {
      const stats = await VppStats.open({ socketPath: this.#path });
      if (this.#closed) stats.close();
      return stats;
    } catch (error) {
      this.#stats = undefined;
      throw error;
    }
  }
}
