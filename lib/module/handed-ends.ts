// The CNF's ends over descriptors that the daemon has opened and handed over: this process needs no right to any path.
import type { Descriptor } from "../descriptor/index.js";
import { PuntError } from "../errors.js";
import { Memif } from "../memif/index.js";
import { PacketSocket } from "../packet-socket/index.js";
import { attach, type InterconnectMetadata, isMade, type PuntMetadata, type PuntStatus } from "../punt/index.js";
import { PuntSocket } from "../punt-socket/index.js";
import { answeredAddresses, answerOn } from "./answers.js";
import { BoundFile } from "./bound-file.js";
import { injectFrame, keyOf } from "./ends.js";
import { Outbox } from "./outbox.js";
import {
  type BatchHandler,
  type CnfEnds,
  type CnfPort,
  closePort,
  type EndHooks,
  followMemif,
  listen,
  objection,
  type SendPlace,
  sendToTap,
} from "./ports.js";

/** A descriptor from the daemon. `identity` changes when VPP has another socket. */
export interface Handed {
  readonly kind: "memif" | "socket" | "inject" | "packets";
  readonly interconnect: number;
  readonly identity: string;
  /** Of a punt socket: the folder of its file, as `folderOf` names it in the daemon. */
  readonly folder?: string | undefined;
  readonly descriptor: Descriptor;
}

/** The attachment that an end belongs to. */
const ATTACHMENTS = { memif: "memif", socket: "af-unix", inject: "af-unix", packets: "tap" } as const;

/** A descriptor that becomes a port. */
type HandedPort = Handed & { readonly kind: Exclude<Handed["kind"], "inject"> };

export interface HandOverRequest {
  /** Identities of the ends that are open, by kind and interconnect: `memif/0`. */
  readonly have: Readonly<Record<string, string>>;
  /** Whether to open packet sockets of TAPs too. */
  readonly packets: boolean;
  /** Only ends of these kinds. Left out: all. */
  readonly only?: readonly Handed["kind"][];
  /** Leaves a punt socket to the living process that has it: EADDRINUSE. Left out: this program takes it over. */
  readonly ifFree?: boolean;
}

export interface HandedHooks extends EndHooks {
  handOver(request: HandOverRequest): Promise<readonly Handed[]>;
}

/** How long to wait before ends that are not open or not connected are asked for again. */
const RETRY_MS = 200;
/** How often the files of punt sockets are looked at. */
const FILES_MS = 1_000;

export class HandedEnds implements CnfEnds {
  readonly #hooks: HandedHooks;
  #metadata: PuntMetadata | undefined;
  #key = "";
  #open = new Map<number, CnfPort>();
  #outbox: Outbox | undefined;
  readonly #identities = new Map<string, string>();
  readonly #listening = new WeakSet<CnfPort>();
  #handler: BatchHandler | undefined;
  #wantsPackets = false;
  #asking = false;
  #askAgain = false;
  /** VPP's punt socket may be another one than that to which frames go. */
  #isOwed = false;
  #retry: NodeJS.Timeout | undefined;
  /** Of the open punt sockets, by interconnect. */
  readonly #files = new Map<number, BoundFile>();
  #fileLook: NodeJS.Timeout | undefined;
  /** Whether another program has taken a punt socket's path. It keeps the path as long as it lives. */
  #isTaken = false;
  #closed = false;

  constructor(hooks: HandedHooks) {
    this.#hooks = hooks;
  }

  get ports(): readonly CnfPort[] {
    return this.#metadata?.interconnects.flatMap((each, index) => this.#open.get(index) ?? tapOf(each)) ?? [];
  }

  update({ state, metadata }: PuntStatus): void {
    // An end can be opened once VPP has made the punt. Open ends stay, because the punt may come back as it was.
    if (this.#closed || !isMade(state)) return;
    const key = keyOf(metadata);
    if (key !== this.#key) this.#closePorts();
    this.#key = key;
    this.#metadata = metadata;
    this.#isOwed ||= metadata.interconnects.some(({ attachment }) => attachment.kind === "af-unix");
    this.#updateAnswers(metadata);
    this.#ask();
  }

  unconnected(): string[] {
    if (!this.#metadata) return ["the ends are not handed over yet"];
    const objections = this.#objections(this.#metadata);
    // A punt socket has no event for its connection: the daemon may have blocked it while this process was stopped.
    if (objections.length > 0 && !this.#asking) this.#askSoon();
    return objections;
  }

  #objections({ interconnects }: PuntMetadata): string[] {
    return interconnects.flatMap((each, index) => {
      const port = this.#open.get(index) ?? tapOf(each)[0];
      if (port) return objection(port, index, this.#hooks, this.#wantsPackets) ?? [];
      return `interconnect ${index}: its end is not handed over yet`;
    });
  }

  receive(handler: BatchHandler | undefined): void {
    this.#handler = handler;
    if (!handler) return;
    this.#askForPackets();
    for (const [index, port] of this.#open) this.#listen(index, port);
  }

  send(frame: Uint8Array, place: SendPlace): boolean {
    const { interconnect } = place;
    const port = this.#open.get(interconnect);
    if (port?.kind === "memif") return port.memif.peer !== undefined && port.memif.send(frame) === 1;
    const isTap = this.#metadata?.interconnects[interconnect]?.attachment.kind === "tap";
    if (!isTap) return injectFrame(this.#outbox, frame, place);
    this.#askForPackets();
    return port?.kind === "tap" && sendToTap(port.packets, frame);
  }

  close(): void {
    this.#closed = true;
    this.#stopRetry();
    this.#closePorts();
  }

  #closePorts(): void {
    for (const port of this.#open.values()) closePort(port);
    this.#open = new Map();
    this.#outbox?.close();
    this.#outbox = undefined;
    this.#identities.clear();
    this.#isTaken = false;
    this.#files.clear();
    clearInterval(this.#fileLook);
    this.#fileLook = undefined;
  }

  /** Has the daemon open a punt socket again whose file was removed, or became another program's that is gone by then. */
  #lookAtFiles(): void {
    const states = [...this.#files].map(([index, file]) => [index, file.look()] as const);
    const lost = states.filter(([, state]) => state !== "there");
    this.#isTaken ||= states.some(([, state]) => state === "taken");
    for (const [index] of lost) {
      closePort(this.#open.get(index)!);
      this.#open.delete(index);
      this.#identities.delete(`socket/${index}`);
      this.#files.delete(index);
    }
    if (lost.length === 0) return;
    this.#ask();
    this.#hooks.onChange();
  }

  /** A packet socket has a ring of its own: it is opened for a program that uses it. */
  #askForPackets(): void {
    const hasTap = this.#metadata?.interconnects.some(({ attachment }) => attachment.kind === "tap");
    const isNew = !this.#wantsPackets;
    this.#wantsPackets = true;
    if (!isNew || !hasTap) return;
    this.#ask();
    this.#hooks.onChange();
  }

  #ask(): void {
    if (this.#closed) return;
    this.#askAgain = this.#asking;
    if (!this.#asking) void this.#askNow();
  }

  async #askNow(): Promise<void> {
    this.#asking = true;
    this.#stopRetry();
    const key = this.#key;
    try {
      const request = { have: this.#have(), packets: this.#wantsPackets };
      const handed = await this.#hooks.handOver({ ...request, ...(this.#isTaken && { ifFree: true }) });
      if (key === this.#key) {
        this.#isTaken = false;
        this.#adoptAll(handed);
        this.#openOwn();
        this.#isOwed = false;
        this.#hooks.onProblem(undefined);
        // The punt has other ends now, which are asked for next.
      } else for (const { descriptor } of handed) descriptor.close();
    } catch (error) {
      // All ends may be there by now, as when a memif connects and the daemon ends.
      this.#hooks.onProblem(this.#lacksSomething() ? (error as PuntError) : undefined);
    }
    this.#asking = false;
    if (this.#askAgain) this.#ask();
    else if (this.#lacksSomething()) this.#askLater();
    this.#hooks.onChange();
  }

  #askLater(): void {
    this.#stopRetry();
    this.#askSoon();
  }

  #askSoon(): void {
    if (this.#closed) return;
    this.#retry ??= setTimeout(
      () => {
        this.#retry = undefined;
        // An end may have come without a word, as VPP's interfaces do.
        if (this.#lacksSomething()) return this.#ask();
        this.#hooks.onProblem(undefined);
        this.#hooks.onChange();
      },
      this.#isTaken ? FILES_MS : RETRY_MS,
    ).unref();
  }

  #stopRetry(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }

  #lacksSomething(): boolean {
    return !this.#closed && (this.#isOwed || !this.#metadata || this.#objections(this.#metadata).length > 0);
  }

  /** All that is open, but for ends that have lost their VPP. */
  #have(): Record<string, string> {
    const lost = [...this.#open].filter(([, port]) => isLost(port));
    const keys = new Set(lost.map(([index, { kind }]) => `${kind === "memif" ? "memif" : "socket"}/${index}`));
    return Object.fromEntries([...this.#identities].filter(([key]) => !keys.has(key)));
  }

  /** One end that cannot be opened, as by a process without descriptors, does not keep the others closed. @throws PuntError of that end */
  #adoptAll(handed: readonly Handed[]): void {
    const failures: unknown[] = [];
    for (const each of handed) {
      try {
        this.#adopt(each);
      } catch (error) {
        // A port that could not be opened has not taken it over.
        each.descriptor.close();
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  #adopt(handed: Handed): void {
    const { kind, interconnect, identity, descriptor } = handed;
    const metadata = this.#metadata?.interconnects[interconnect];
    // An end of another kind is one of a request whose status is still on its way.
    if (this.#closed || metadata?.attachment.kind !== ATTACHMENTS[kind]) {
      descriptor.close();
      return;
    }
    const before = this.#open.get(interconnect);
    const key = `${kind}/${interconnect}`;
    // The daemon hands over again what could not be opened.
    this.#identities.delete(key);
    if (kind === "inject") this.#inject(descriptor);
    else if (kind === "memif" && before?.kind === "memif") before.memif.reconnect(descriptor);
    else this.#replace(before, { ...handed, kind }, metadata);
    this.#identities.set(key, identity);
  }

  #replace(before: CnfPort | undefined, handed: HandedPort, metadata: InterconnectMetadata): void {
    if (before) closePort(before);
    this.#open.delete(handed.interconnect);
    this.#files.delete(handed.interconnect);
    this.#take(handed.interconnect, this.#portOf(handed, metadata), handed.folder);
  }

  /** Opens punt sockets at paths of the program's own: the daemon makes those in its folder only. @throws PuntError of a socket */
  #openOwn(): void {
    for (const [index, interconnect] of this.#metadata?.interconnects.entries() ?? []) {
      if (this.#closed || interconnect.attachment.kind !== "af-unix" || this.#open.has(index)) continue;
      for (const port of attach({ interconnects: [interconnect] }, this.#hooks.options).ports) this.#take(index, port);
    }
  }

  #take(index: number, port: CnfPort, folder?: string): void {
    this.#open.set(index, port);
    const { attachment } = port.interconnect;
    if (attachment.kind === "af-unix") this.#watchFile(index, new BoundFile(attachment.path, folder));
    if (this.#handler) this.#listen(index, port);
  }

  #watchFile(interconnect: number, file: BoundFile): void {
    this.#files.set(interconnect, file);
    this.#fileLook ??= setInterval(() => this.#lookAtFiles(), FILES_MS).unref();
  }

  #portOf({ kind, descriptor }: HandedPort, interconnect: InterconnectMetadata): CnfPort {
    const { options } = this.#hooks;
    if (kind === "memif") return this.#memifPort(interconnect, descriptor);
    if (kind === "packets") {
      const tap = tapOf(interconnect)[0]!;
      return { ...tap, packets: this.#packets(tap.name, descriptor) };
    }
    const { mode: _mode, group: _group, ...tuning } = options.puntSocket ?? {};
    return { kind: "af-unix", interconnect, socket: PuntSocket.open({ ...tuning, descriptor }) };
  }

  #memifPort(interconnect: InterconnectMetadata, descriptor: Descriptor): CnfPort {
    const memif = this.#memif(interconnect, descriptor);
    const { answers } = this.#hooks;
    const port = { kind: "memif", interconnect, memif } as const;
    return answers ? { ...port, responder: answerOn(memif, interconnect, answers) } : port;
  }

  #updateAnswers({ interconnects }: PuntMetadata): void {
    const { answers } = this.#hooks;
    for (const [index, port] of this.#open)
      if (port.kind === "memif") port.responder?.update(answeredAddresses(interconnects[index]!, answers!));
  }

  #memif({ attachment }: InterconnectMetadata, descriptor: Descriptor): Memif {
    const { id, secret } = attachment as Extract<InterconnectMetadata["attachment"], { kind: "memif" }>;
    const { memif: tuning } = this.#hooks.options;
    const memif = Memif.open({ ...tuning, role: "client", mode: "ethernet", id, secret, descriptor });
    followMemif(memif, () => this.#hooks.onChange());
    memif.on("down", () => this.#askLater());
    return memif;
  }

  /**
   * A TAP that goes away with its namespace comes back in another one, for which the daemon has another socket.
   *
   * @throws PuntError ENODEV: the daemon has another device for the punt, and its change has not arrived here yet
   */
  #packets(name: string, descriptor: Descriptor): PacketSocket {
    const packets = PacketSocket.open({ descriptor });
    if (packets.device !== name) {
      packets.close();
      throw new PuntError(
        "cnf.open",
        "ENODEV",
        `the daemon has handed over ${packets.device}, and the punt has ${name}`,
      );
    }
    packets.on("link", (state) => {
      this.#hooks.onChange();
      if (state === "gone") this.#askLater();
    });
    return packets;
  }

  #inject(descriptor: Descriptor): void {
    this.#outbox?.close();
    this.#outbox = undefined;
    this.#outbox = new Outbox(this.#hooks.interfaces, { descriptor });
  }

  #listen(index: number, port: CnfPort): void {
    if (this.#listening.has(port)) return;
    this.#listening.add(port);
    listen(port, (batch) => this.#handler?.(batch, index));
  }
}

function isLost(port: CnfPort): boolean {
  // A handshake takes VPP longer when it is busy: another socket in its place would begin again.
  if (port.kind === "memif") return port.memif.peer === undefined && !port.memif.isConnecting;
  return port.kind === "af-unix" && !port.socket.stats().connected;
}

function tapOf(interconnect: InterconnectMetadata): Extract<CnfPort, { kind: "tap" }>[] {
  const { attachment } = interconnect;
  return attachment.kind === "tap" ? [{ ...attachment, interconnect }] : [];
}
