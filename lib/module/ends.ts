// The CNF's ends of a punt's interconnects: open as long as the punt, whatever happens to VPP and the daemon.
import { PuntError } from "../errors.js";
import type { PacketBatch } from "../packet/index.js";
import { type Attachments, type AttachOptions, attach, type PuntMetadata } from "../punt/index.js";
import { PuntAction, PuntInjector } from "../punt-socket/index.js";

/** Names and indexes of VPP's interfaces. */
export interface InterfaceNames {
  /** How many there are; 0 while VPP is away or not read yet. */
  readonly size: number;
  find(name: string): { readonly swIfIndex: number; readonly mac?: string } | undefined;
  has(swIfIndex: number): boolean;
  nameOf(swIfIndex: number): string | undefined;
}

/** Gets a burst. The batch is valid until the handler returns; `interconnect` is its index in the punt's metadata. */
export type BatchHandler = (batch: PacketBatch, interconnect: number) => void;

/** How often a socket that is not connected to VPP is looked at. */
const LOOK_MS = 200;

interface Hooks {
  readonly interfaces: InterfaceNames;
  readonly options: AttachOptions;
  /** An end was connected or lost its connection. */
  onChange(): void;
}

/** Opens the ends by the paths in the metadata, and opens them again where the metadata says something new. */
export class Ends {
  readonly #hooks: Hooks;
  #attachments: Attachments | undefined;
  #injector: PuntInjector | undefined;
  #injectPath: string | undefined;
  #key = "";
  #handler: BatchHandler | undefined;
  #look: NodeJS.Timeout | undefined;
  #isListening = false;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  /**
   * Makes the ends what the metadata says. `isNew`: VPP has made the punt again, so connections to the old VPP are worth nothing.
   *
   * @throws PuntError of a port that cannot be opened: none is open then
   */
  update(metadata: PuntMetadata, isNew: boolean): void {
    const key = keyOf(metadata);
    if (key !== this.#key) this.#open(metadata, key);
    else if (isNew) this.#attachments?.reconnect(metadata);
    this.#inject(metadata);
    this.#watchSockets();
  }

  /** Texts for the ends that are not connected. */
  unconnected(): string[] {
    if (!this.#attachments) return ["the ends are not open yet"];
    return this.#attachments.ports.flatMap((port, index) => {
      if (port.kind === "memif") return port.memif.peer ? [] : [`interconnect ${index}: memif is not connected to VPP`];
      if (port.kind === "tap") return [];
      if (this.#hooks.interfaces.size === 0) return [`interconnect ${index}: VPP's interfaces are not known yet`];
      const { connected, connectError } = port.socket.stats();
      return connected ? [] : [`interconnect ${index}: ${port.socket.path} is not connected to VPP (${connectError})`];
    });
  }

  receive(handler: BatchHandler | undefined): void {
    this.#handler = handler;
    if (handler) this.#listen();
  }

  /** Sends a frame. @throws PuntError ERR_NO_INTERFACE, ERR_NO_PORT; see `PuntInjector.inject` */
  send(frame: Uint8Array, { interconnect, swIfIndex }: { interconnect: number; swIfIndex?: number }): boolean {
    const port = this.#attachments?.ports[interconnect];
    if (port?.kind === "memif") return port.memif.peer !== undefined && port.memif.send(frame) === 1;
    if (port?.kind === "tap") throw noPort("a TAP is the kernel's: use its sockets");
    if (swIfIndex === undefined) throw noPort("a frame needs the interface that it leaves by (option interface)");
    // The interface that a packet came by may be gone with its VPP.
    if (!this.#hooks.interfaces.has(swIfIndex)) return false;
    return this.#injector?.inject(PuntAction.L2, swIfIndex, frame) ?? false;
  }

  get ports(): Attachments["ports"] {
    return this.#attachments?.ports ?? [];
  }

  close(): void {
    clearInterval(this.#look);
    this.#look = undefined;
    this.#attachments?.close();
    this.#injector?.close();
    this.#attachments = undefined;
    this.#injector = undefined;
    this.#key = "";
    this.#isListening = false;
  }

  #open(metadata: PuntMetadata, key: string): void {
    this.close();
    const attachments = attach(metadata, this.#hooks.options);
    this.#attachments = attachments;
    this.#key = key;
    for (const port of attachments.ports) {
      if (port.kind === "memif")
        port.memif.on("up", () => this.#hooks.onChange()).on("down", () => this.#hooks.onChange());
    }
    if (this.#handler) this.#listen();
  }

  /** Until the first handler comes packets wait: in the memif ring, or in the socket's slabs. */
  #listen(): void {
    if (this.#isListening || !this.#attachments) return;
    this.#isListening = true;
    for (const [index, port] of this.ports.entries()) {
      if (port.kind === "memif") port.memif.receive((batch) => this.#handler?.(batch, index));
      else if (port.kind === "af-unix") void this.#read(port.socket, index);
    }
  }

  async #read(socket: AsyncIterable<PacketBatch>, index: number): Promise<void> {
    for await (const batch of socket) this.#handler?.(batch, index);
  }

  #inject(metadata: PuntMetadata): void {
    const found = metadata.interconnects.map(({ attachment }) => attachment).find(({ kind }) => kind === "af-unix");
    if (found?.kind !== "af-unix" || found.vppPath === undefined) return;
    if (this.#injector && found.vppPath === this.#injectPath) return;
    const { interfaces } = this.#hooks;
    this.#injector?.close();
    this.#injectPath = found.vppPath;
    this.#injector = PuntInjector.open({ knownInterfaces: (index) => interfaces.has(index), vppPath: found.vppPath });
  }

  /** A punt socket has no event for its connection to VPP. */
  #watchSockets(): void {
    if (this.#look || !this.ports.some(({ kind }) => kind === "af-unix")) return;
    let last = this.unconnected().length;
    this.#look = setInterval(() => {
      const now = this.unconnected().length;
      if (now !== last) this.#hooks.onChange();
      last = now;
    }, LOOK_MS).unref();
  }
}

/** What the ends were opened with: all but VPP's own path, which an open socket can be told. */
function keyOf({ interconnects }: PuntMetadata): string {
  return JSON.stringify(
    interconnects.map(({ attachment }) =>
      attachment.kind === "af-unix" ? [attachment.kind, attachment.path] : Object.entries(attachment).sort(),
    ),
  );
}

function noPort(message: string): PuntError {
  return new PuntError("cnf.send", "ERR_NO_PORT", message);
}
