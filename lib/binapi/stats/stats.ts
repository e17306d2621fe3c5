// The client of VPP's statistics segment.
import { statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_STATS_SOCKET } from "../../default-sockets.js";
import { PuntError } from "../../errors.js";
import { fileLifeId } from "../../files/index.js";
import { type NativeStatsSegment, native } from "../../native.js";
import { MAX_SOCKET_PATH, OptionCheck } from "../../options.js";
import type { Stat } from "./counters.js";
import { StatsMemory } from "./memory.js";
import { Snapshots, type StatsPattern } from "./snapshots.js";

/** VPP changes the directory in microseconds. A VPP that takes longer than this has died during a change. */
const PATIENCE_MS = 1000;

/** One VPP's segment. */
interface Segment {
  snapshots: Snapshots;
  isAlive: () => boolean;
  /** Identity of the socket file, which differs for another VPP at the same path. */
  identity: string;
}

/**
 * VPP's statistics: interface counters, node errors and punt counters, copied from VPP's shared memory. Reading needs no API
 * connection and costs VPP nothing. The object follows VPP over restarts.
 */
export class VppStats implements Disposable {
  #segment: Segment | undefined;
  #opening: Promise<Segment> | undefined;
  #closed = false;
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Connects to VPP's stats socket (`statseg { socket-name PATH }`; default /run/vpp/stats.sock).
   *
   * @throws PuntError ERR_DISCONNECTED: no VPP answers at the socket; ERR_OPTION
   * @example
   * ```ts
   * import { VppStats } from "vpp-punt/binapi";
   *
   * using stats = await VppStats.open({ socketPath: "/run/vpp/stats.sock" });
   * for (const [name, stat] of await stats.read("/if/rx", /^\/err\/.*punt/)) console.log(name, stat.type);
   * ```
   */
  static async open(options: { socketPath?: string } = {}): Promise<VppStats> {
    const check = new OptionCheck("stats.open");
    check.known(options, ["socketPath"]);
    const { socketPath = DEFAULT_STATS_SOCKET } = options;
    check.text("socketPath", socketPath, MAX_SOCKET_PATH, 1);
    const stats = new VppStats(socketPath);
    await stats.#current();
    return stats;
  }

  /** Returns the names of all statistics that match any of the patterns (none: all), in VPP's order. Rejects as `read` does. */
  list(...patterns: StatsPattern[]): Promise<string[]> {
    return this.#consistently((snapshots) => snapshots.list(patterns));
  }

  /**
   * Returns the statistics that match any of the patterns (none: all), by name. All are of one state of VPP's directory.
   *
   * @throws PuntError ERR_DISCONNECTED: VPP is gone, and not back yet
   * @throws PuntError ERR_BUSY: VPP does not finish a change of its directory
   * @throws PuntError ERR_CLOSED: `close` was called
   * @example
   * ```ts
   * import { VppStats } from "vpp-punt/binapi";
   *
   * using stats = await VppStats.open();
   * const rx = (await stats.read("/if/rx")).get("/if/rx");
   * if (rx?.type === "combined") console.log(rx.threads[0]?.packets);
   * ```
   */
  read(...patterns: StatsPattern[]): Promise<Map<string, Stat>> {
    return this.#consistently((snapshots) => snapshots.read(patterns));
  }

  /** Closes the reader. Reads that wait reject. */
  close(): void {
    this.#closed = true;
    this.#forget();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Takes snapshots until VPP has not changed the directory during one. */
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

  /** Returns the segment of the running VPP. */
  #current(): Promise<Segment> | Segment {
    this.#checkOpen();
    const segment = this.#segment;
    if (segment !== undefined && segment.identity === identityOf(this.#path) && segment.isAlive()) return segment;
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
    this.#segment = { snapshots: new Snapshots(new StatsMemory(segment)), isAlive: () => isAlive(segment), identity };
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
    // Read the identity before the fetch, so that a later check notices a VPP that takes the path in between.
    const identity = identityOf(path);
    return { segment: await native.fetchStatsSegment(path), identity };
  } catch (cause) {
    throw new PuntError(
      "stats.open",
      "ERR_DISCONNECTED",
      `no VPP answers at the stats socket ${path}`,
      { path },
      cause,
    );
  }
}

function identityOf(path: string): string {
  const info = statSync(path, { bigint: true, throwIfNoEntry: false });
  return info === undefined ? "" : fileLifeId(info);
}

/** Reports whether the process exists. A killed VPP leaves its socket file behind. */
function isAlive(segment: NativeStatsSegment): boolean {
  const hasEnded = segment.hasEnded();
  if (hasEnded !== undefined) return !hasEnded;
  const pid = segment.pid();
  if (pid <= 0) return true; // In another pid namespace only the socket file tells.
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
