// The traffic of a soak: packets to the CNFs' ports and copies for a memif, and where each of them went.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { RemotePunts } from "../../../lib/module/remote/index.js";
import { frame, udpPacket } from "../../support/frames.js";
import { within } from "../settling.js";
import type { CnfReport } from "./soak-cnf.js";
import { WIRES, type Wires } from "./wires.js";

const script = fileURLToPath(new URL("./soak-cnf.js", import.meta.url));
/** Packets that are given to VPP at once, for each CNF. */
const BURST = 8;
/** Bursts that are sent without a pause: fewer than fill a ring. */
const MOST_AT_ONCE = 16;
/** The UDP port of the first CNF with a punt socket. */
export const FIRST_PORT = 7000;

/** A CNF: its process, and all that it got, over all of its lives. */
export class SoakCnf {
  readonly name: string;
  readonly #request: string;
  readonly #socket: string;
  #child: ChildProcess | undefined;
  /** Of processes that have ended. */
  #before = 0;
  /** Resolves each time that the punt is ready again. */
  #ready = false;
  report: CnfReport | undefined;

  constructor(name: string, request: object, socket: string) {
    this.name = name;
    this.#request = JSON.stringify({ cnf: name, ...request });
    this.#socket = socket;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  get accounted(): number {
    return this.#before + (this.report ? this.report.received + this.report.lost : 0);
  }

  get received(): number {
    return this.#before + (this.report?.received ?? 0);
  }

  async start(): Promise<void> {
    const child = fork(script, [this.#socket, this.#request], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    this.#child = child;
    child.on("message", (message: "ready" | CnfReport) => {
      if (message === "ready") this.#ready = true;
      else this.report = message;
    });
    await this.ready();
  }

  expectReady(): void {
    this.#ready = false;
  }

  async ready(): Promise<void> {
    await within(`CNF ${this.name} is ready`, 120_000, this.#isReady());
  }

  async #isReady(): Promise<void> {
    while (!this.#ready) {
      if (this.#child!.exitCode !== null) throw new Error(`CNF ${this.name} has ended`);
      await sleep(20);
    }
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    this.#before = this.accounted;
    this.report = undefined;
    this.#ready = false;
  }
}

/** The answers of VPP's nodes that say that a punt socket did not take a packet. */
const REFUSED = /socket tx error$/i;

export class Traffic {
  readonly #punts: RemotePunts;
  readonly #sockets: readonly SoakCnf[];
  readonly #copies: readonly SoakCnf[];
  readonly #wires: Wires;
  readonly #frames: readonly Uint8Array[];
  readonly #passing = Array.from({ length: BURST }, () => new Uint8Array(64).fill(0xff));
  /** Losses that VPPs counted which have ended. */
  #lostBefore = 0;
  lost = 0;
  sent = 0;
  /** Bursts a second. */
  rate = 0;

  /** @param sockets CNFs with a port each, from `FIRST_PORT` on @param copies CNFs that get a copy of each passing packet */
  constructor(punts: RemotePunts, wires: Wires, sockets: readonly SoakCnf[], copies: readonly SoakCnf[]) {
    this.#punts = punts;
    this.#wires = wires;
    this.#sockets = sockets;
    this.#copies = copies;
    const { mac, address } = WIRES.host;
    const link = { from: "02:00:00:00:00:09", to: mac };
    this.#frames = sockets.flatMap((_, index) =>
      Array.from({ length: BURST }, () =>
        frame(link, udpPacket({ from: "10.9.0.9", to: address }, [9, FIRST_PORT + index], "soak")),
      ),
    );
  }

  get #all(): readonly SoakCnf[] {
    return [...this.#sockets, ...this.#copies];
  }

  get received(): number {
    return this.#all.reduce((sum, each) => sum + each.received, 0);
  }

  /** Packets of a burst, over all CNFs. */
  get burstLength(): number {
    return this.#all.length * BURST;
  }

  /** Sends a burst. A wire whose ring is full takes a part of it. */
  burst(): void {
    this.sent += this.#wires.host.send(this.#frames);
    this.sent += this.#wires.passing.send(this.#passing) * this.#copies.length;
  }

  /** Sends for a time, at the rate. */
  async run(ms: number): Promise<void> {
    const start = performance.now();
    const due = () => ((performance.now() - start) / 1000) * this.rate;
    for (let bursts = 0; performance.now() - start < ms; await sleep(1))
      for (const now = Math.min(due(), bursts + MOST_AT_ONCE); bursts < now; bursts++) this.burst();
  }

  /** Measures how many bursts a second reach the slowest CNF, and takes four fifths of them. */
  async measure(ms: number): Promise<void> {
    const before = this.#all.map(({ received }) => received);
    const start = performance.now();
    while (performance.now() - start < ms) {
      for (let i = 0; i < MOST_AT_ONCE; i++) this.burst();
      await sleep(1);
    }
    await this.balance();
    const counts = this.#all.map(({ received }, index) => received - before[index]!);
    this.rate = (0.8 * Math.min(...counts)) / BURST / (ms / 1000);
  }

  /** Reads VPP's counts of losses. */
  async #look(): Promise<number> {
    const { punts, sockets } = await this.#punts.counters();
    const refused = Object.entries(sockets).filter(([name]) => REFUSED.test(name));
    const own = punts.filter(({ id }) => this.#copies.some(({ name }) => name === id.cnf));
    const drops = own.flatMap(({ interconnects }) => interconnects.flatMap((each) => Object.values(each.drops)));
    return [...refused.map(([, count]) => count), ...drops].reduce((sum, count) => sum + count, 0);
  }

  /** Waits until every packet is received or counted as lost. @throws an Error with the numbers if one is not */
  async balance(): Promise<void> {
    const accounted = () => this.#all.reduce((sum, each) => sum + each.accounted, 0);
    const done = async () => {
      for (;;) {
        this.lost = this.#lostBefore + (await this.#look());
        if (accounted() + this.lost === this.sent) return;
        await sleep(200);
      }
    };
    const text = () =>
      `sent ${this.sent}, received or lost at the CNF ${accounted()}, lost at VPP ${this.lost}\n${this.#counts()}`;
    await within("every packet is accounted for", 60_000, done(), text);
  }

  /** Waits until a burst reaches every CNF. The ends that a restart gave back may come a little after the punts. */
  async ready(): Promise<void> {
    await this.#wires.connected();
    const isReached = async () => {
      for (;;) {
        const before = this.#all.map((each) => each.received);
        this.burst();
        await sleep(600);
        if (this.#all.every((each, index) => each.received > before[index]!)) return;
      }
    };
    await within("packets reach every CNF", 120_000, isReached(), () => this.#counts());
  }

  #counts(): string {
    return this.#all.map((each) => `${each.name} ${each.accounted}`).join(", ");
  }

  /** VPP's counters begin again. */
  vppEnds(): void {
    this.#lostBefore = this.lost;
  }
}
