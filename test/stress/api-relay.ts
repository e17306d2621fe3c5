// A relay before a VPP's API socket. It loses, delays and doubles messages, and cuts connections, as a failing link does.
import { rmSync } from "node:fs";
import { createServer, type Server, Socket } from "node:net";
import { FRAME_HEADER, frameLength } from "../../lib/binapi/frame.js";

/** Faults of one request. For `crash`, the caller kills VPP. */
export type RelayFault = "late" | "unanswered" | "lost" | "twice" | "cut-before" | "cut-after" | "crash";

/** Ids of the handshake's messages, which are the same in every VPP. They are not counted. */
const HANDSHAKE = new Set([15, 17]);
/** Where the context lies in a request, behind the id and the client's index, and in a reply. */
const REQUEST_CONTEXT = 6;
const REPLY_CONTEXT = 2;

interface Options {
  /** Path of VPP's socket. */
  readonly target: string;
  /** Path of the relay's socket. */
  readonly path: string;
  /** Milliseconds of the fault `late`. */
  readonly delay: number;
  /** Kills VPP before the request reaches it. */
  readonly crash: () => void;
}

export class ApiRelay {
  readonly #options: Options;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #fault: RelayFault | undefined;
  #left = 0;
  /** The number of requests so far, without the handshake's. */
  seen = 0;

  static async start(options: Options): Promise<ApiRelay> {
    const relay = new ApiRelay(options);
    await new Promise<void>((resolve) => relay.#server.listen(options.path, resolve));
    return relay;
  }

  private constructor(options: Options) {
    this.#options = options;
    this.#server = createServer((client) => this.#join(client));
  }

  /** Strikes the nth request from now. */
  strike(fault: RelayFault, nth: number): void {
    this.#fault = fault;
    this.#left = nth;
  }

  get pending(): boolean {
    return this.#fault !== undefined;
  }

  clear(): void {
    this.#fault = undefined;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.#options.path, { force: true });
  }

  #join(client: Socket): void {
    const vpp = new Socket();
    const pair = new Pair(client, vpp, this.#options, () => this.#next());
    for (const socket of [client, vpp]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        pair.cut();
      });
    }
    vpp.connect(this.#options.target);
  }

  /** Counts a request, and returns the fault that strikes it. */
  #next(): RelayFault | undefined {
    this.seen++;
    if (this.#fault === undefined || --this.#left > 0) return undefined;
    const fault = this.#fault;
    this.#fault = undefined;
    return fault;
  }
}

/** The two connections of one client. */
class Pair {
  /** The fault of the request with this context, as far as it strikes its answer. */
  #struck: { readonly fault: RelayFault; readonly context: number } | undefined;
  /** The requests behind a late one wait too. */
  #held: Buffer[] | undefined;

  constructor(
    readonly client: Socket,
    readonly vpp: Socket,
    readonly options: Pick<Options, "delay" | "crash">,
    readonly next: () => RelayFault | undefined,
  ) {
    client.on(
      "data",
      frames((frame) => this.#request(frame)),
    );
    vpp.on(
      "data",
      frames((frame) => this.#answer(frame)),
    );
  }

  cut(): void {
    this.client.destroy();
    this.vpp.destroy();
  }

  #request(frame: Buffer): void {
    const fault = HANDSHAKE.has(frame.readUInt16BE(FRAME_HEADER)) ? undefined : this.next();
    if (fault === "lost") return;
    if (fault === "crash") this.options.crash();
    if (fault === "crash" || fault === "cut-before") {
      this.cut();
      return;
    }
    if (fault === "late") this.#hold();
    else if (fault) this.#struck = { fault, context: frame.readUInt32BE(FRAME_HEADER + REQUEST_CONTEXT) };
    if (this.#held) this.#held.push(frame);
    else this.vpp.write(frame);
  }

  #hold(): void {
    this.#held = [];
    setTimeout(() => {
      for (const frame of this.#held ?? []) this.vpp.write(frame);
      this.#held = undefined;
    }, this.options.delay);
  }

  #answer(frame: Buffer): void {
    const { fault, context } = this.#struck ?? {};
    const isStruck = context === frame.readUInt32BE(FRAME_HEADER + REPLY_CONTEXT);
    if (isStruck && fault === "unanswered") return;
    if (isStruck && fault === "cut-after") {
      this.client.write(frame.subarray(0, frame.length >> 1));
      this.client.end();
      this.vpp.destroy();
      return;
    }
    this.client.write(frame);
    if (isStruck && fault === "twice") this.client.write(frame);
  }
}

/** Returns a listener of data that calls `take` for each whole frame. */
function frames(take: (frame: Buffer) => void): (data: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (data) => {
    rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
    for (let end = endOf(rest); end <= rest.length; end = endOf(rest)) {
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}

function endOf(rest: Buffer): number {
  if (rest.length < FRAME_HEADER) return Number.POSITIVE_INFINITY;
  return FRAME_HEADER + frameLength(new DataView(rest.buffer, rest.byteOffset, rest.length), 0);
}
