// VPP's packet generator, as far as one frame on one interface: `packet-generator new { ... }` and `enable-stream`.
import type { DataPlane } from "./dataplane/index.js";
import { VnetError } from "./vnet-error.js";

interface Stream {
  readonly interfaceName: string;
  readonly frame: Uint8Array;
}

/** Streams by their names. */
export class PacketGenerator {
  readonly #streams = new Map<string, Stream>();
  readonly #dp: DataPlane;

  constructor(dp: DataPlane) {
    this.#dp = dp;
  }

  /** `{ name <name> ... interface <name> ... data { hex 0x<frame> } }` */
  add(text: string): string {
    const name = /\bname (\S+)/.exec(text)?.[1];
    const interfaceName = /\binterface (\S+)/.exec(text)?.[1];
    const hex = /\bdata \{ hex (?:0x)?([\da-f]+) \}/i.exec(text)?.[1];
    if (name === undefined || interfaceName === undefined || hex === undefined)
      throw new VnetError("INVALID_VALUE", "a stream needs name, interface and data { hex ... }");
    this.#interface(interfaceName);
    this.#streams.set(name, { interfaceName, frame: Uint8Array.from(Buffer.from(hex, "hex")) });
    return "";
  }

  /** Sends the stream's frame, once. */
  enable(name: string): string {
    const { interfaceName, frame } = this.#stream(name);
    const swInterface = this.#interface(interfaceName);
    const about = `stream ${name}, ${frame.length} bytes, sw_if_index ${swInterface.swIfIndex}`;
    this.#dp.receive(swInterface, frame.slice(), { node: "pg-input", text: about });
    this.#dp.flush();
    return "";
  }

  delete(name: string): string {
    this.#stream(name);
    this.#streams.delete(name);
    return "";
  }

  #stream(name: string): Stream {
    const found = this.#streams.get(name);
    if (found === undefined) throw new VnetError("NO_SUCH_ENTRY", `unknown stream \`${name}'`);
    return found;
  }

  #interface(name: string) {
    const found = this.#dp.interfaces.findByName(name);
    if (found === undefined) throw new VnetError("INVALID_SW_IF_INDEX", `unknown interface \`${name}'`);
    return found;
  }
}
