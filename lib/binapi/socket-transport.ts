// The transport over VPP's API socket.
import { native } from "../native.js";
import { connectLink, type OpenSocket } from "./link.js";
import type { Link, LinkHandler, Transport } from "./transport.js";

export const DEFAULT_SOCKET_PATH = "/run/vpp/api.sock";

export interface SocketTransportOptions {
  /** Path of VPP's API socket. Default /run/vpp/api.sock. */
  path?: string;
  /** The client's name in VPP's `show api clients`, at most 63 bytes. Default vpp-punt. */
  name?: string;
}

/** Connects over VPP's API socket (`socksvr { socket-name PATH }` in startup.conf). */
export class SocketTransport implements Transport {
  readonly endpoint: string;
  readonly #name: string;

  constructor({ path = DEFAULT_SOCKET_PATH, name = "vpp-punt" }: SocketTransportOptions = {}) {
    this.endpoint = path;
    this.#name = name;
  }

  connect(handler: LinkHandler, credit: number, signal: AbortSignal): Promise<Link> {
    const { endpoint } = this;
    const open: OpenSocket = (onReady) => new native.ApiSocket(endpoint, onReady);
    return connectLink({ endpoint, name: this.#name, open, lost: () => undefined }, handler, credit, signal);
  }
}
