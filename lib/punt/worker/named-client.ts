// A client of VPP that does nothing: its name in VPP's list of clients tells others of this process.
import { randomBytes } from "node:crypto";
import { type Link, SocketTransport } from "../../binapi/index.js";

const CONNECT_MS = 5000;

/** The kernel closes the connection when the process ends, however that happens, and VPP then forgets the client. */
export class NamedClient {
  readonly #begin: string;
  readonly #lost: () => void;
  #link: Link | undefined;
  #name = "";

  /** `begin`: how the names begin that it takes; `lost`: called when VPP or another thing ends the connection. */
  constructor(begin: string, lost: () => void = () => {}) {
    this.#begin = begin;
    this.#lost = lost;
  }

  /** The name of the client, or of the last one. */
  get name(): string {
    return this.#name;
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** Connects under a new name, which contains the number of this process. */
  async connect(endpoint: string): Promise<void> {
    const pid = Buffer.from([process.pid >> 16, process.pid >> 8, process.pid]).toString("base64url");
    const random = randomBytes(2).toString("base64url").slice(0, 2);
    this.#name = `${this.#begin}${pid}${random}`;
    const transport = new SocketTransport({ path: endpoint, name: this.#name });
    let isLost = false;
    const closed = () => {
      isLost = true;
      this.#link = undefined;
      this.#lost();
    };
    const link = await transport.connect({ message() {}, closed }, 1, AbortSignal.timeout(CONNECT_MS));
    if (!isLost) this.#link = link;
  }

  async close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }
}
