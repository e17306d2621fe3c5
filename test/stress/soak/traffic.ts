// The traffic of a soak: packets to the CNFs' ports and copies for a memif, and where each of them went.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { frame, udpPacket } from "../../support/frames.js";
import type { Place } from "../machine/place.js";
import { within } from "../settling.js";
import type { CnfReport } from "./soak-cnf.js";

const script = fileURLToPath(new URL("./soak-cnf.js", import.meta.url));
/** Packets that are given to VPP at once, for each CNF. */
const BURST = 8;

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
  sent = 0;

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

export class Traffic {
  readonly #place: Place;
  readonly #sockets: readonly SoakCnf[];
  readonly #span: SoakCnf;
  #frames: readonly Uint8Array[] = [];
  /** Losses that VPPs counted which have ended. */
  #lostBefore = 0;
  lost = 0;
  /** Bursts a second. */
  rate = 0;

  constructor(place: Place, sockets: readonly SoakCnf[], span: SoakCnf) {
    this.#place = place;
    this.#sockets = sockets;
    this.#span = span;
  }

  get sent(): number {
    return [...this.#sockets, this.#span].reduce((sum, { sent }) => sum + sent, 0);
  }

  get received(): number {
    return [...this.#sockets, this.#span].reduce((sum, each) => sum + each.received, 0);
  }

  /** Makes the frames for the VPP that runs now. */
  async prepare(): Promise<void> {
    const mac = (await this.#place.vpp.interfaces()).find(({ name }) => name === "if1")!.mac!;
    const link = { from: "02:00:00:00:00:09", to: mac };
    this.#frames = this.#sockets.flatMap((_, index) =>
      Array.from({ length: BURST }, () =>
        frame(link, udpPacket({ from: "10.0.1.9", to: "10.0.1.1" }, [9, 7000 + index], "soak")),
      ),
    );
  }

  async burst(): Promise<void> {
    const copies = Array.from({ length: BURST }, () => new Uint8Array(64).fill(0xff));
    for (const each of this.#sockets) each.sent += BURST;
    this.#span.sent += BURST;
    await this.#place.vpp.inject("if1", this.#frames);
    await this.#place.vpp.inject("if3", copies);
  }

  /** Sends for a time, at the rate. */
  async run(ms: number): Promise<void> {
    const start = performance.now();
    for (let bursts = 0; performance.now() - start < ms; bursts++) {
      const due = (bursts / this.rate) * 1000 - (performance.now() - start);
      if (due > 0) await sleep(due);
      await this.burst();
    }
  }

  /** Measures how many bursts a second VPP takes, and takes four fifths of them. */
  async measure(ms: number): Promise<void> {
    const start = performance.now();
    let bursts = 0;
    for (; performance.now() - start < ms; bursts++) await this.burst();
    this.rate = (0.8 * bursts * 1000) / (performance.now() - start);
  }

  /** Reads VPP's counts of losses. */
  async #look(): Promise<number> {
    const counters = await this.#place.vpp.counters();
    const sockets = counters.filter(({ reason }) => reason === "Socket TX error");
    const list = await this.#place.punts.list({ cnf: this.#span.name });
    const text = JSON.stringify(list.map(({ metadata }) => metadata));
    const memifs = (await this.#place.vpp.interfaces()).filter(
      ({ name }) => text.includes(`"${name}"`) && name !== "if3",
    );
    return (
      sockets.reduce((sum, { count }) => sum + Number(count), 0) +
      memifs.reduce((sum, { counters: { drops, txErrors } }) => sum + drops + txErrors, 0)
    );
  }

  /** Waits until every packet is received or counted as lost. @throws an Error with the numbers if one is not */
  async balance(): Promise<void> {
    const accounted = () => [...this.#sockets, this.#span].reduce((sum, each) => sum + each.accounted, 0);
    const done = async () => {
      for (;;) {
        this.lost = this.#lostBefore + (await this.#look());
        if (accounted() + this.lost === this.sent) return;
        await sleep(200);
      }
    };
    const text = () => `sent ${this.sent}, received or lost at the CNF ${accounted()}, lost at VPP ${this.lost}`;
    await within("every packet is accounted for", 60_000, done(), text);
  }

  /** Waits until a burst reaches every CNF. The ends that a restart gave back may come a little after the punts. */
  async ready(): Promise<void> {
    const all = [...this.#sockets, this.#span];
    const isReached = async () => {
      for (;;) {
        const before = all.map((each) => each.received);
        await this.burst();
        await sleep(600);
        if (all.every((each, index) => each.received > before[index]!)) return;
      }
    };
    await within("packets reach every CNF", 120_000, isReached(), () =>
      all.map((each) => `${each.name} ${each.received}`).join(),
    );
  }

  /** VPP's counters begin again. */
  vppEnds(): void {
    this.#lostBefore = this.lost;
  }
}
