// The files of punt sockets whose punts are deleted. The daemon made them for CNFs, which cannot remove them.
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeStalePuntSocket } from "../../descriptor/index.js";
import { type PuntStatus, type Punts, reachOf } from "../../punt/index.js";

/** How long after the end of a watch a new one begins. While etcd is away, the punts are not known. */
const WATCH_RETRY_MS = 1_000;
/** How often the sockets of CNFs that have not closed them yet are looked at. */
const LOOK_MS = 250;

/** How a file was found: removed or never there, with a process that has its socket, or not to be removed by this daemon. */
type Found = "gone" | "in use" | "left alone";

/**
 * Removes the file of a deleted punt's socket once no process has the socket. By then a CNF may have asked for the punt again, and have a
 * new socket there: news of a deletion can come late.
 */
export class DeletedSockets {
  readonly #punts: Pick<Punts, "watch">;
  readonly #folder: string;
  readonly #ending = new AbortController();
  readonly #paths = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** @param folder that of the daemon's sockets: files elsewhere are others' */
  constructor(punts: Pick<Punts, "watch">, folder: string) {
    this.#punts = punts;
    this.#folder = folder;
    void this.#follow();
  }

  close(): void {
    this.#ending.abort();
    clearInterval(this.#timer);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#read(signal).catch(() => {});
      await sleep(WATCH_RETRY_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    for await (const event of this.#punts.watch({ signal }))
      if (event.kind === "change") this.#changed(event.event.status, event.event.to === "DELETED");
  }

  #changed({ request }: PuntStatus, isDeleted: boolean): void {
    const { socketPath: path = "" } = reachOf(request);
    if (dirname(path) !== this.#folder) return;
    if (isDeleted) this.#paths.add(path);
    else this.#paths.delete(path);
    this.#look();
  }

  #look(): void {
    for (const path of this.#paths) if (remove(path) !== "in use") this.#paths.delete(path);
    clearInterval(this.#timer);
    this.#timer = this.#paths.size > 0 ? setInterval(() => this.#look(), LOOK_MS).unref() : undefined;
  }
}

function remove(path: string): Found {
  try {
    removeStalePuntSocket(path);
    return "gone";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? "in use" : "left alone";
  }
}
