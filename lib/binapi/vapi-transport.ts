// The transport over VPP's libvapiclient.
import { resolve } from "node:path";
import { PuntError } from "../errors.js";
import { type NativeVapiBridge, native } from "../native.js";
import { MAX_SOCKET_PATH, OptionCheck } from "../options.js";
import { connectLink } from "./link.js";
import { Schema } from "./schema.js";
import { type Link, type LinkHandler, LONGEST_NAME, type Transport } from "./transport.js";

export interface VapiTransportOptions {
  /** Path of VPP's API socket, for the library's socket mode. Without a path, the library uses shared memory. */
  socketPath?: string;
  /** Prefix of VPP's shared memory: NAME of `api-segment { prefix NAME }` and /dev/shm/NAME-vpe-api. Default none. */
  prefix?: string;
  /** The client's name in VPP's `show api clients`, at most 63 bytes. Default vpp-punt. */
  name?: string;
}

/** Messages that the bridge handles itself, because the library registers its client in its own way. */
const OWN_MESSAGES = /^(sockclnt|memclnt)_/;

/**
 * Connects with VPP's libvapiclient, if the addon was built with it. Over shared memory a process has one client at a time. The client
 * answers VPP's keepalives even while JavaScript is busy. The library of a VPP before 24.06 has shared memory only.
 *
 * @example
 * ```ts
 * import { VapiTransport, Vpp } from "vpp-punt/binapi";
 *
 * await using vpp = await Vpp.connect({ transport: new VapiTransport({ name: "dns" }) });
 * ```
 */
export class VapiTransport implements Transport {
  readonly endpoint: string;
  readonly #sharedMemory: boolean;
  readonly #path: string;
  readonly #name: string;

  /** @throws PuntError ERR_OPTION: an option is wrong; `details.option` names it */
  constructor(options: VapiTransportOptions = {}) {
    const check = new OptionCheck("binapi.connect");
    check.known(options, ["socketPath", "prefix", "name"]);
    const { socketPath, prefix = "", name = "vpp-punt" } = options;
    if (socketPath !== undefined) check.text("socketPath", socketPath, MAX_SOCKET_PATH, 1);
    check.text("prefix", prefix);
    check.text("name", name, LONGEST_NAME);
    this.#sharedMemory = socketPath === undefined;
    // The library takes a path without a leading slash for a host name.
    this.#path = socketPath === undefined ? prefix : resolve(socketPath);
    this.endpoint = socketPath ?? `shared memory ${prefix === "" ? "" : `${prefix}-`}vpe-api`;
    this.#name = name;
  }

  async connect(handler: LinkHandler, credit: number, signal: AbortSignal): Promise<Link> {
    const bridge = this.#openBridge();
    const parts = {
      endpoint: this.endpoint,
      name: this.#name,
      open: (onReady: (writable: boolean, broken: boolean) => void) => new native.ApiSocket(bridge.start(), onReady),
      lost: () => failureOf(bridge),
      idsOf: (keys: readonly string[]) => idsOf(bridge, keys),
    };
    return connectLink(parts, handler, credit, signal);
  }

  #openBridge(): NativeVapiBridge {
    if (native.VapiBridge === undefined) {
      const message = "this build has no libvapiclient; `vpp-punt info` says where it was looked for";
      throw new PuntError("binapi.connect", "ERR_NOT_BUILT", message);
    }
    if (!this.#sharedMemory && !native.buildInfo().vapiSocket) {
      const message = `${this.endpoint}: this build's libvapiclient is older than VPP 24.06 and speaks shared memory only: leave out socketPath, or use the transport "socket"`;
      throw new PuntError("binapi.connect", "ERR_NOT_BUILT", message);
    }
    const keys = Schema.builtin()
      .keys()
      .filter((key) => !OWN_MESSAGES.test(key));
    return new native.VapiBridge(this.#path, this.#sharedMemory, keys);
  }
}

/** The operations of failures after the connection was made. */
const OPERATIONS: Readonly<Record<string, string>> = {
  ERR_DISCONNECTED: "binapi.connection",
  ERR_BAD_FRAME: "binapi.receive",
};

function failureOf(bridge: NativeVapiBridge): PuntError | undefined {
  const failure = bridge.failure();
  if (failure === undefined) return undefined;
  return new PuntError(OPERATIONS[failure.code] ?? "binapi.connect", failure.code, failure.message);
}

function* idsOf(bridge: NativeVapiBridge, keys: readonly string[]): Iterable<[string, number]> {
  for (const key of keys) {
    const id = OWN_MESSAGES.test(key) ? -1 : bridge.lookup(key);
    if (id >= 0) yield [key, id];
  }
}
