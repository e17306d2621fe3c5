// A punt as a CNF's program has it: asked for, attached, and kept so, in one call.
import { EventEmitter } from "node:events";
import { PuntError } from "../errors.js";
import { guarded } from "../guarded.js";
import { macBytes, macOf, wholeFrame } from "../net/index.js";
import { OptionCheck } from "../options.js";
import type { PacketBatch } from "../packet/index.js";
import type { PuntId, PuntRequestInput, PuntStatus } from "../punt/index.js";
import { PuntAction } from "../punt-socket/index.js";
import { answerOptions, routerOf } from "./answers.js";
import { type Backing, daemonBacking, hasDaemon, ownBacking } from "./backing.js";
import { addressBytes, checkBytes } from "./bytes.js";
import { PathEnds } from "./ends.js";
import { HandedEnds } from "./handed-ends.js";
import { checkOpenOptions, type OpenPuntOptions, type OpenPuntStats, type SendOptions } from "./open-options.js";
import { CnfPacket, PacketQueue, type ReplyOptions } from "./packets.js";
import { interfaceNamesOf, isSocket, placeOf } from "./place.js";
import { type BatchHandler, type CnfEnds, type CnfPort, portStats } from "./ports.js";
import { PuntLife } from "./punt-life.js";
import { type CnfRequest, checkIsRequest, fullId, fullRequest } from "./request.js";
import { type CnfStatus, judge } from "./status.js";
import { type UdpFrame, udpAnswer } from "./udp.js";

export interface OpenPuntEvents {
  status: [CnfStatus];
}

/**
 * Asks for a punt and attaches to it. Does not wait for VPP: `ready()` does. The punt follows restarts of VPP, of the daemon and of
 * this program, and rejects nothing because of them.
 *
 * @throws PuntError ERR_OPTION; ERR_INVALID_REQUEST; ERR_CONFLICT: another CNF has what was asked for; ERR_POLICY: the daemon's
 * policy does not allow it
 * @example
 * ```ts
 * import { openPunt } from "vpp-punt/module";
 *
 * await using echo = await openPunt({ cnf: "echo", udp: 7 });
 * await echo.ready({ timeout: 10_000 });
 * for await (const packet of echo.packets()) if (packet.payload) packet.reply(packet.payload);
 * ```
 */
export async function openPunt(request: CnfRequest, options: OpenPuntOptions = {}): Promise<OpenPunt> {
  checkOpenOptions(options);
  checkIsRequest(request);
  const { daemon, socket, tls, lifetime = "persistent", grace } = options;
  const address = { ...(socket !== undefined && { socket }), ...(tls && { tls }) };
  const session = { cnf: request.cnf, ...(grace !== undefined && { grace }) };
  const backing =
    (daemon ?? (options.vpp === undefined && (await hasDaemon(address))))
      ? await daemonBacking({ ...address, ...(lifetime === "session" && { session }) })
      : await ownBacking(options);
  let punt: OpenPunt | undefined;
  try {
    punt = new OpenPunt(backing, fullRequest(request, backing.socketPathOf), options);
    await punt.begin();
    punt.tellFirst();
    return punt;
  } catch (error) {
    if (punt) await punt.end();
    else await backing.close();
    throw error;
  }
}

/** An open punt. */
export class OpenPunt extends EventEmitter<OpenPuntEvents> implements AsyncDisposable {
  readonly id: PuntId;
  readonly #backing: Backing;
  readonly #options: OpenPuntOptions;
  readonly #life: PuntLife;
  readonly #ends: CnfEnds;
  #punt: PuntStatus | undefined;
  #fatal: PuntError | undefined;
  #attachError: PuntError | undefined;
  #retry: NodeJS.Timeout | undefined;
  #away: PuntError | undefined;
  #status: CnfStatus;
  /** Whether a listener has heard the status. */
  #isTold = false;
  /** Callers of `ready()`: no listener of the program stands between them and a change. */
  readonly #waiters = new Set<() => void>();
  #queue: PacketQueue | undefined;
  #closed = false;
  #lastStats: OpenPuntStats | undefined;
  #closing: Promise<void> = Promise.resolve();

  /** @internal */
  constructor(backing: Backing, request: PuntRequestInput, options: OpenPuntOptions) {
    super();
    this.id = fullId(request);
    this.#backing = backing;
    this.#options = options;
    this.#ends = this.#newEnds();
    this.#life = new PuntLife(backing, request, this.id, {
      onStatus: (status, isNew) => this.#onStatus(status, isNew),
      onAway: (cause) => this.#onAway(cause),
      onFatal: (error) => this.#onFatal(error),
    });
    this.#status = judge(this.#situation());
  }

  /** @internal */
  begin(): Promise<void> {
    return this.#life.begin();
  }

  /** @internal Tells the status of now to a program that listens from the end of `openPunt` on, unless it has heard it. */
  tellFirst(): void {
    setImmediate(() => {
      if (!this.#closed && !this.#isTold) this.#tell();
    });
  }

  /**
   * The punt's state in VPP, and whether this end is connected. The event `status` has it once after `openPunt` has resolved, and after
   * each change.
   */
  get status(): CnfStatus {
    return this.#status;
  }

  /** The open ports, in the order of the punt's metadata. They are others after a change of the punt. */
  get ports(): readonly CnfPort[] {
    return this.#ends.ports;
  }

  /** Packets that `packets()` dropped because the loop was late. */
  get dropped(): number {
    return this.#queue?.dropped ?? 0;
  }

  /** Returns the counters of this end; those at closing once it is closed. */
  stats(): OpenPuntStats {
    return this.#lastStats ?? this.#stats();
  }

  #stats(): OpenPuntStats {
    const { ports } = this.#ends;
    return {
      dropped: this.dropped,
      ports: ports.map(portStats),
      answers: ports.map((port) => (port.kind === "memif" ? port.responder?.stats() : undefined)),
    };
  }

  /**
   * Resolves when VPP has the punt and this end is connected.
   *
   * @throws PuntError why the punt failed; ERR_CLOSED; ETIMEDOUT after `timeout` milliseconds, with what it waits for
   */
  async ready(options: { readonly timeout?: number } = {}): Promise<CnfStatus> {
    const check = new OptionCheck("cnf.ready");
    check.known(options, ["timeout"]);
    const { timeout } = options;
    if (timeout !== undefined) check.milliseconds("timeout", timeout);
    return await new Promise<CnfStatus>((resolve, reject) => {
      const timer = timeout === undefined ? undefined : setTimeout(() => end(this.#lateError(timeout)), timeout);
      const end = (result: CnfStatus | PuntError) => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        if (result instanceof PuntError) reject(result);
        else resolve(result);
      };
      const look = () => {
        if (this.#closed) end(closedError("cnf.ready"));
        else if (this.#status.state === "failed") end(this.#failedError());
        else if (this.#status.state !== "waiting") end(this.#status);
      };
      this.#waiters.add(look);
      look();
    });
  }

  /**
   * Calls `handler` with each burst of packets; the batch is valid until it returns.
   *
   * @throws PuntError ERR_CLOSED
   * @example
   * ```ts
   * import { openPunt } from "vpp-punt/module";
   *
   * const span = await openPunt({ cnf: "monitor", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" });
   * span.receive((batch) => {
   *   for (let i = 0; i < batch.length; i++) console.log(batch.byteLength(i));
   * });
   * ```
   */
  receive(handler: BatchHandler): void {
    if (this.#closed) throw closedError("cnf.receive");
    new OptionCheck("cnf.receive").callback("handler", handler);
    this.#queue?.end();
    this.#queue = undefined;
    this.#ends.receive(handler);
  }

  /**
   * Gives the packets one by one, each a copy. At most 4,096 wait; when the loop is later, the newest are dropped and counted.
   *
   * @throws PuntError ERR_CLOSED. The loop throws why nothing more is tried, such as ERR_DELETED: another program deleted the punt
   */
  packets(): AsyncIterableIterator<CnfPacket, undefined> {
    if (this.#closed) throw closedError("cnf.packets");
    this.#queue?.end();
    const queue = new PacketQueue(() => {
      if (this.#queue === queue) this.#ends.receive(undefined);
    });
    this.#queue = queue;
    if (this.#fatal) queue.fail(this.#fatal);
    this.#ends.receive((batch, interconnect) => this.#enqueue(queue, batch, interconnect));
    return queue;
  }

  /**
   * Sends an Ethernet frame.
   *
   * @returns whether it was accepted; false when there is no room, or VPP is away. At a punt socket up to 1,024 frames wait for room
   * @throws PuntError ERR_NO_INTERFACE: VPP, or the punt, has no interface of that name, or it takes no frames; ERR_NO_PORT: the punt has no
   * such interconnect, or a frame to a punt socket names no interface; ERR_PACKET_SIZE; ERR_INVALID_PACKET: not a Uint8Array; ERR_CLOSED
   * @example
   * ```ts
   * import { openPunt } from "vpp-punt/module";
   *
   * await using isis = await openPunt({ cnf: "isis", type: "ISISX", interconnect: "MEMIF", vppInterface: "eth0" });
   * await isis.ready({ timeout: 10_000 });
   * if (!isis.send(new Uint8Array(60))) console.log("there is no room");
   * ```
   */
  send(frame: Uint8Array, options: SendOptions = {}): boolean {
    if (this.#closed) throw closedError("cnf.send");
    checkBytes("cnf.send", "frame", frame);
    const place = this.#punt && placeOf(this.#punt, options, this.#backing.interfaces);
    return place !== undefined && this.#ends.send(frame, place);
  }

  /** Returns VPP's name of an interface, as packets of a punt socket have its index. */
  interfaceName(swIfIndex: number): string | undefined {
    return this.#backing.interfaces.nameOf(swIfIndex);
  }

  /** Closes the ends. A punt of a session is deleted; a persistent one stays in VPP. */
  close(): Promise<void> {
    if (this.#closed) return this.#closing;
    const isOwned = this.#options.lifetime === "session" && !this.#fatal;
    this.#closing = this.end(async () => {
      if (isOwned && !this.#away) await this.#backing.punts.delete(this.id).catch(() => {});
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Ends without a word to the manager but `last`. */
  async end(last: () => Promise<void> = async () => {}): Promise<void> {
    this.#closed = true;
    this.#life.end();
    this.#lastStats ??= this.#stats();
    this.#ends.close();
    this.#queue?.end();
    await last();
    await this.#backing.close();
    for (const look of this.#waiters) look();
  }

  #enqueue(queue: PacketQueue, batch: PacketBatch, interconnect: number): void {
    const punt = this.#punt;
    const isOfSocket = punt !== undefined && isSocket(punt, interconnect);
    const requested = punt && interfaceNamesOf(punt)[interconnect];
    for (let i = 0; i < batch.length; i++) {
      const swIfIndex = batch.swIfIndex(i);
      const name = isOfSocket ? this.interfaceName(swIfIndex) : requested;
      const copy = batch.copy(i);
      const { frame, isMadeUp } = isOfSocket
        ? wholeFrame(copy, name, this.#backing.interfaces)
        : { frame: copy, isMadeUp: false };
      const place = { interface: name, swIfIndex, interconnect, isMadeUp };
      queue.put(new CnfPacket(frame, place, (...all) => this.#reply(...all)));
    }
  }

  #reply(packet: CnfPacket, udp: UdpFrame, payload: Uint8Array, { source }: ReplyOptions): boolean {
    if (this.#closed) throw closedError("packet.reply");
    const mac = macOf(this.#backing.interfaces, packet.interface);
    const router = macBytes(this.#routerOf(packet));
    const answer = udpAnswer(udp, payload, { mac: macBytes(mac), address: addressBytes(source), router });
    const { interconnect, swIfIndex } = packet;
    if (!packet.isMadeUp) return this.#ends.send(answer, { interconnect, swIfIndex });
    const action = udp.isIp6 ? PuntAction.IP6_ROUTED : PuntAction.IP4_ROUTED;
    return this.#ends.send(answer.subarray(udp.ipAt), { interconnect, swIfIndex, action });
  }

  /** A frame to the CNF's own MAC address was routed by VPP. */
  #routerOf({ frame, interconnect: index }: CnfPacket): string | undefined {
    const interconnect = this.#punt?.metadata.interconnects[index];
    const own = macBytes(interconnect?.cnfInterface?.mac);
    return interconnect && own?.every((byte, at) => frame[at] === byte) ? routerOf(interconnect) : undefined;
  }

  #onStatus(status: PuntStatus, isNew: boolean): void {
    this.#punt = status;
    // Once nothing more is tried, another program may have the ends.
    if (!this.#closed && !this.#fatal) this.#ends.update(status, isNew);
    this.#judge();
  }

  #newEnds(): CnfEnds {
    const { handOver, interfaces } = this.#backing;
    const { answer } = this.#options;
    const hooks = {
      interfaces,
      options: this.#options.attach ?? {},
      answers: answer && answerOptions(new OptionCheck("cnf.open"), answer),
      onChange: () => this.#judge(),
      onProblem: (error: unknown) => this.#onProblem(error as PuntError | undefined),
    };
    if (!handOver) return new PathEnds(hooks);
    return new HandedEnds({ ...hooks, handOver: (request) => handOver(this.id, request) });
  }

  #onProblem(error: PuntError | undefined): void {
    this.#attachError = error;
    this.#judge();
    clearTimeout(this.#retry);
    // Handed ends try again by themselves.
    if (!error || this.#backing.handOver) return;
    this.#retry = setTimeout(() => {
      if (this.#attachError && this.#punt) this.#onStatus(this.#punt, false);
    }, RETRY_MS).unref();
  }

  #onAway(cause: PuntError | undefined): void {
    if (cause === this.#away) return;
    this.#away = cause;
    this.#judge();
  }

  #onFatal(error: PuntError): void {
    this.#fatal = error;
    // Nothing asks for ends of a punt that is no longer this program's, and no queue of packets fills up for it.
    this.#lastStats ??= this.#stats();
    this.#ends.close();
    this.#queue?.fail(error);
    this.#judge();
  }

  #situation() {
    const unconnected = this.#punt ? this.#ends.unconnected() : [];
    return {
      ...{ punt: this.#punt, fatal: this.#fatal, away: this.#away },
      ...{ attachError: this.#attachError, unconnected },
    };
  }

  #judge(): void {
    if (this.#closed) return;
    const before = JSON.stringify([this.#status.state, this.#status.reasons]);
    this.#status = judge(this.#situation());
    if (JSON.stringify([this.#status.state, this.#status.reasons]) === before) return;
    for (const look of this.#waiters) look();
    this.#tell();
  }

  #tell(): void {
    this.#isTold = this.listenerCount("status") > 0;
    guarded(() => void this.emit("status", this.#status));
  }

  #failedError(): PuntError {
    const [reason] = this.#status.reasons;
    return (
      this.#fatal ??
      new PuntError("cnf.ready", reason?.code ?? "ERR_FAILED", `${reason?.text}`, { status: this.#status })
    );
  }

  #lateError(timeout: number): PuntError {
    const { state, reasons } = this.#status;
    const why = reasons.map(({ text }) => text).join(", ");
    return new PuntError("cnf.ready", "ETIMEDOUT", `the punt is ${state} after ${timeout} ms: ${why}`, {
      state,
      reasons,
    });
  }
}

/** How long to wait before ends that could not be opened are tried again. */
const RETRY_MS = 500;

function closedError(op: string): PuntError {
  return new PuntError(op, "ERR_CLOSED", "the punt was closed");
}
