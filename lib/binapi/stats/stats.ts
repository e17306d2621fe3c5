// The client of VPP's statistics segment.
import { statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { PuntError } from "../../errors.js";
import { type NativeStatsSegment, native } from "../../native.js";
import type { Stat } from "./counters.js";
import { StatsMemory } from "./memory.js";
import { Snapshots, type StatsPattern } from "./snapshots.js";

export const DEFAULT_STATS_SOCKET = "/run/vpp/stats.sock";

/** VPP changes the directory in microseconds; one that is not done after this has died over it. */
const PATIENCE_MS = 1000;

/** One VPP's segment. */
interface Segment {
  snapshots: Snapshots;
  pid: number;
  /** Changes when another VPP takes the path. */
  identity: string;
}

/**
 * VPP's statistics: interface counters, node errors, punt counters, copied out of the memory that VPP shares. Needs no API
 * connection and costs VPP nothing. Follows VPP over restarts.
 */
export class VppStats {
  #segment: Segment | undefined;
  #opening: Promise<Segment> | undefined;
  #closed = false;
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Connects to VPP's stats socket (`statseg { socket-name PATH }`; default /run/vpp/stats.sock). */
  static async open({ socketPath = DEFAULT_STATS_SOCKET }: { socketPath?: string } = {}): Promise<VppStats> {
    const stats = new VppStats(socketPath);
    await stats.#current();
    return stats;
  }

  /** Names of all statistics that match, in VPP's order. */
  list(...patterns: StatsPattern[]): Promise<string[]> {
    return this.#consistently((snapshots) => snapshots.list(patterns));
  }

  /**
   * The statistics that match any of the patterns (none: all), by name. They are of one state of VPP's directory: no counter is
   * another's, and no list is half moved. Rejects with ERR_DISCONNECTED when VPP is gone, until it is back.
   */
  read(...patterns: StatsPattern[]): Promise<Map<string, Stat>> {
    return this.#consistently((snapshots) => snapshots.read(patterns));
  }

  close(): void {
    this.#closed = true;
    this.#forget();
  }

  /** Takes a snapshot, as often as it takes until VPP has left the directory alone meanwhile. */
  async #consistently<T>(take: (snapshots: Snapshots) => T | undefined): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const { snapshots } = await this.#current();
      this.#checkOpen();
      const result = take(snapshots);
      if (result !== undefined) return result;
      if (performance.now() > deadline) {
        throw new PuntError(
          "stats.read",
          "ERR_BUSY",
          `${this.#path}: VPP has been changing its statistics for ${PATIENCE_MS} ms`,
        );
      }
      await delay(1);
    }
  }

  /** The segment of the VPP that is running now. */
  #current(): Promise<Segment> | Segment {
    this.#checkOpen();
    const segment = this.#segment;
    if (segment !== undefined && segment.identity === identityOf(this.#path) && isAlive(segment.pid)) return segment;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<Segment> {
    this.#forget();
    const { segment, identity } = await fetchSegment(this.#path);
    if (this.#closed) segment.close();
    this.#checkOpen();
    this.#segment = { snapshots: new Snapshots(new StatsMemory(segment)), pid: segment.pid(), identity };
    return this.#segment;
  }

  #checkOpen(): void {
    if (this.#closed) throw new PuntError("stats.read", "ERR_CLOSED", `${this.#path}: closed`);
  }

  #forget(): void {
    this.#segment?.snapshots.memory.close();
    this.#segment = undefined;
  }
}

async function fetchSegment(path: string): Promise<{ segment: NativeStatsSegment; identity: string }> {
  try {
    // Read before the fetch: a VPP that takes the path in between is another one to the next look.
    const identity = identityOf(path);
    return { segment: await native.fetchStatsSegment(path), identity };
  } catch (cause) {
    const { message } = cause as Error;
    throw new PuntError("stats.open", "ERR_DISCONNECTED", `there is no VPP at ${path}: ${message}`, {}, cause);
  }
}

function identityOf(path: string): string {
  const info = statSync(path, { bigint: true, throwIfNoEntry: false });
  return info === undefined ? "" : `${info.dev}:${info.ino}:${info.ctimeNs}`;
}

/** A killed VPP leaves its socket file behind. */
function isAlive(pid: number): boolean {
  if (pid <= 0) return true; // another pid namespace: the socket file has to do
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
