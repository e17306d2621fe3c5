// The requests under way, so that stopping can wait for them.
import type { DoorRequest, Handler } from "./doors/index.js";

const STREAMS = /\/(Watch|Session|Dump|WatchInterfaces|ServerReflectionInfo)$/;

/** Counts requests: calls with one answer, and streams, which end only when they are asked to. */
export class Traffic {
  readonly #counts = { calls: 0, streams: 0 };
  readonly #waiting = new Set<() => void>();
  #closed = false;

  /** Returns the handler, counted. Refuses requests once closed. */
  counted(handler: Handler): Handler {
    return (request, response) => {
      if (this.#closed) {
        response.writeHead(503);
        response.end();
        return;
      }
      const kind = isStream(request) ? "streams" : "calls";
      this.#counts[kind]++;
      response.once("close", () => {
        this.#counts[kind]--;
        for (const wake of this.#waiting) wake();
      });
      handler(request, response);
    };
  }

  /** Refuses new requests from now on. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves when no request of that kind is under way, or after `longest` milliseconds. */
  async idle(kind: "calls" | "streams", longest: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => end(), longest);
      const look = () => {
        if (this.#counts[kind] === 0) end();
      };
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

function isStream({ url = "" }: DoorRequest): boolean {
  return STREAMS.test(url);
}
