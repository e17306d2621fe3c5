// The transport over VPP's API socket.
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_VPP_SOCKET } from "../default-sockets.js";
import type { PuntError } from "../errors.js";
import { addonProblem, native } from "../native.js";
import { MAX_SOCKET_PATH, OptionCheck } from "../options.js";
import { connectLink, givenUp, type LinkParts } from "./link.js";
import { NetSocket } from "./net-socket.js";
import { type Link, type LinkHandler, LONGEST_NAME, type Transport } from "./transport.js";

export const DEFAULT_SOCKET_PATH = DEFAULT_VPP_SOCKET;

/** How often to look for room in the queue of VPP's socket, which has room for a few connections only. */
const RETRY_MS = 10;
const CROWDED = "VPP takes no connection: it is busy or stopped, and the queue of its socket is full";

export interface SocketTransportOptions {
  /** Path of VPP's API socket. Default /run/vpp/api.sock. */
  path?: string;
  /** The client's name in VPP's `show api clients`, at most 63 bytes. Default vpp-punt. */
  name?: string;
}

type SocketParts = Pick<LinkParts, "open" | "lost">;

function byAddon(path: string): SocketParts {
  return { open: (onReady) => new native.ApiSocket(path, onReady), lost: () => undefined };
}

/** Node's own sockets, which need no addon. */
function byNode(path: string): SocketParts {
  let socket: NetSocket | undefined;
  return {
    open(onReady) {
      socket = new NetSocket(path, onReady);
      return socket;
    },
    lost: () => socket?.failure(),
  };
}

/**
 * Connects over VPP's API socket (`socksvr { socket-name PATH }` in startup.conf).
 *
 * @example
 * ```ts
 * import { SocketTransport, Vpp } from "vpp-punt/binapi";
 *
 * await using vpp = await Vpp.connect({ transport: new SocketTransport({ path: "/run/vpp/api.sock", name: "dns" }) });
 * ```
 */
export class SocketTransport implements Transport {
  readonly endpoint: string;
  readonly #name: string;

  /** @throws PuntError ERR_OPTION: an option is wrong; `details.option` names it */
  constructor(options: SocketTransportOptions = {}) {
    const check = new OptionCheck("binapi.connect");
    check.known(options, ["path", "name"]);
    const { path = DEFAULT_SOCKET_PATH, name = "vpp-punt" } = options;
    this.endpoint = check.text("path", path, MAX_SOCKET_PATH, 1);
    this.#name = check.text("name", name, LONGEST_NAME);
  }

  async connect(handler: LinkHandler, credit: number, signal: AbortSignal): Promise<Link> {
    const { endpoint } = this;
    for (;;) {
      const socket = addonProblem === undefined ? byAddon(endpoint) : byNode(endpoint);
      try {
        return await connectLink({ endpoint, name: this.#name, ...socket }, handler, credit, signal);
      } catch (error) {
        if ((error as PuntError).code !== "EAGAIN") throw error;
        if (signal.aborted) throw givenUp(endpoint, signal.reason, CROWDED);
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}
