// The CNF's ends by their paths: opened by this process itself.
import type { PuntError } from "../errors.js";
import { attach, type PuntMetadata, type PuntStatus } from "../punt/index.js";
import { answeredAddresses, answerOn } from "./answers.js";
import { BoundFile } from "./bound-file.js";
import { Outbox } from "./outbox.js";
import {
  type BatchHandler,
  type CnfEnds,
  type CnfPort,
  closePort,
  type EndHooks,
  followMemif,
  isElsewhere,
  listen,
  objection,
  type SendPlace,
  sendToTap,
  withPackets,
} from "./ports.js";

/** How often a socket that is not connected to VPP, and a TAP that is not open, are looked at. */
const LOOK_MS = 200;

/** Opens the ends by the paths in the metadata, and opens them again where the metadata says something new. */
export class PathEnds implements CnfEnds {
  readonly #hooks: EndHooks;
  #ports: CnfPort[] = [];
  #outbox: Outbox | undefined;
  #injectPath: string | undefined;
  #key = "";
  #status: PuntStatus | undefined;
  /** Of the punt sockets. */
  #files: BoundFile[] = [];
  #handler: BatchHandler | undefined;
  #look: NodeJS.Timeout | undefined;
  /** The number of unconnected ends when it was last asked for. */
  #told = 0;
  #isListening = false;

  constructor(hooks: EndHooks) {
    this.#hooks = hooks;
  }

  get ports(): readonly CnfPort[] {
    return this.#ports;
  }

  update(status: PuntStatus, isNew: boolean): void {
    const { metadata } = status;
    this.#status = status;
    try {
      const key = keyOf(metadata);
      if (key !== this.#key) this.#open(metadata, key);
      else if (isNew) this.#reconnect(metadata);
      this.#answer(metadata);
      this.#inject(metadata);
      this.#watch();
      this.#hooks.onProblem(undefined);
    } catch (error) {
      this.#hooks.onProblem(error);
    }
  }

  unconnected(): string[] {
    const objections = this.#objections();
    this.#told = objections.length;
    return objections;
  }

  #objections(): string[] {
    if (this.#key === "") return ["the ends are not open yet"];
    return this.#ports.flatMap((port, index) => objection(port, index, this.#hooks, this.#isListening) ?? []);
  }

  receive(handler: BatchHandler | undefined): void {
    this.#handler = handler;
    if (!handler) return;
    this.#listen();
    this.#hooks.onChange();
  }

  send(frame: Uint8Array, place: SendPlace): boolean {
    const { interconnect } = place;
    const port = this.#ports[interconnect];
    if (port?.kind === "memif") return port.memif.peer !== undefined && port.memif.send(frame) === 1;
    if (port?.kind === "tap") return sendToTap(this.#openTap(interconnect), frame);
    return injectFrame(this.#outbox, frame, place);
  }

  close(): void {
    clearInterval(this.#look);
    this.#look = undefined;
    for (const port of this.#ports) closePort(port);
    this.#outbox?.close();
    this.#outbox = undefined;
    this.#ports = [];
    this.#key = "";
    this.#isListening = false;
  }

  #open(metadata: PuntMetadata, key: string): void {
    this.close();
    this.#ports = [...attach(metadata, this.#hooks.options).ports];
    this.#key = key;
    this.#files = this.#ports.flatMap((port) => (port.kind === "af-unix" ? new BoundFile(port.socket.path) : []));
    for (const port of this.#ports) {
      if (port.kind === "memif") followMemif(port.memif, () => this.#hooks.onChange());
    }
    this.#answer(metadata);
    if (this.#handler) this.#listen();
  }

  #answer({ interconnects }: PuntMetadata): void {
    const { answers } = this.#hooks;
    for (const [index, port] of answers ? this.#ports.entries() : []) {
      const interconnect = interconnects[index]!;
      if (port.kind !== "memif") continue;
      if (port.responder) port.responder.update(answeredAddresses(interconnect, answers!));
      else this.#ports[index] = { ...port, responder: answerOn(port.memif, interconnect, answers!) };
    }
  }

  #reconnect({ interconnects }: PuntMetadata): void {
    for (const [index, port] of this.#ports.entries()) {
      const attachment = interconnects[index]?.attachment;
      if (port.kind === "af-unix" && attachment?.kind === "af-unix") port.socket.reconnect(attachment.vppPath);
    }
  }

  #listen(): void {
    if (this.#isListening || this.#key === "") return;
    this.#isListening = true;
    for (const [index, port] of this.#ports.entries()) {
      if (port.kind === "tap") this.#openTap(index);
      else listen(port, (batch) => this.#handler?.(batch, index));
    }
  }

  /** The frames of a TAP, opened at the first need; undefined while the device is not there. */
  #openTap(index: number) {
    const port = this.#ports[index];
    if (port?.kind !== "tap") return undefined;
    if (port.packets && !isElsewhere(port.packets, port.namespace)) return port.packets;
    try {
      const open = withPackets(port);
      port.packets?.close();
      this.#ports[index] = open;
      listen(open, (batch) => this.#handler?.(batch, index));
      return open.packets;
    } catch (error) {
      if ((error as PuntError).code !== "ENODEV") this.#hooks.onProblem(error);
      return undefined;
    }
  }

  #inject(metadata: PuntMetadata): void {
    const found = metadata.interconnects.map(({ attachment }) => attachment).find(({ kind }) => kind === "af-unix");
    if (found?.kind !== "af-unix" || found.vppPath === undefined) return;
    if (this.#outbox && found.vppPath === this.#injectPath) return;
    this.#outbox?.close();
    this.#injectPath = found.vppPath;
    this.#outbox = new Outbox(this.#hooks.interfaces, { vppPath: found.vppPath });
  }

  /** Binds the punt sockets again if the file of one was removed, or became another program's: VPP does not reach the socket any more. */
  #keepFiles(): void {
    // Each of them counts how often it was not there.
    if (this.#files.map((file) => file.look()).every((state) => state === "there")) return;
    this.close();
    this.update(this.#status!, false);
    this.#hooks.onChange();
  }

  /** A punt socket has no event for its connection to VPP nor for its file, and a TAP none for its device. */
  #watch(): void {
    if (this.#look || !this.#ports.some(({ kind }) => kind !== "memif")) return;
    this.#look = setInterval(() => {
      this.#keepFiles();
      if (this.#isListening) for (const index of this.#ports.keys()) this.#openTap(index);
      if (this.#objections().length !== this.#told) this.#hooks.onChange();
    }, LOOK_MS).unref();
  }
}

/** Injects a packet; false without an interface, as for an end of another kind that is not open. */
export function injectFrame(outbox: Outbox | undefined, packet: Uint8Array, { swIfIndex, action }: SendPlace): boolean {
  return swIfIndex !== undefined && (outbox?.send(packet, swIfIndex, action) ?? false);
}

/** Returns the settings of the ends as text, without VPP's own path, to which an open socket can reconnect. */
export function keyOf({ interconnects }: PuntMetadata): string {
  return JSON.stringify(
    interconnects.map(({ attachment }) =>
      attachment.kind === "af-unix" ? [attachment.kind, attachment.path] : Object.entries(attachment).sort(),
    ),
  );
}
