// A CNF of the cluster as its parent sees it: what it asks for, in which state that is, and which packets it saw.

import type { CnfRequest } from "../../../lib/module/index.js";
import { programPath } from "../../support/program.js";
import { Child } from "./child.js";

export interface CnfJob {
  readonly requests: readonly CnfRequest[];
  readonly socket: string;
}

/** A message of a CNF's process. `index` is that of a punt. */
export type CnfWord =
  | { readonly index: number; readonly seen: string }
  | { readonly index: number; readonly state: string; readonly reasons: readonly string[] };

const SCRIPT = programPath("test/stress/cluster/cnf-process.js");

export interface CnfPlace {
  readonly host: number;
  /** VPP's interface that packets come in by. */
  readonly wire: string;
  readonly socket: string;
  readonly log: string;
  /** Returns the words that run a program on the host. */
  inside(...words: string[]): string[];
}

/** The kinds of CNF, in turn. */
export const KINDS = ["socket", "memif", "tap", "both"] as const;

export class Cnf {
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  readonly place: CnfPlace;
  readonly #number: number;
  #port: number;
  #child: Child | undefined;
  #seen: Set<string>[] = [];
  #states: { state: string; reasons: readonly string[] }[] = [];

  constructor(number: number, place: CnfPlace) {
    this.#number = number;
    this.name = `cnf${number}`;
    this.kind = KINDS[number % KINDS.length]!;
    this.place = place;
    this.#port = 2_000 + number;
  }

  get requests(): readonly CnfRequest[] {
    const span = { type: "SPAN", cnf: this.name, vppInterface: this.place.wire, direction: "rx" } as const;
    const socket = { cnf: this.name, udp: this.#port };
    if (this.kind === "socket") return [socket];
    if (this.kind === "memif") return [{ ...span, interconnect: "MEMIF" }];
    if (this.kind === "tap") return [{ ...span, interconnect: "TAP" }];
    return [
      { ...socket, key: "udp" },
      { ...span, key: "span", interconnect: "MEMIF" },
    ];
  }

  /** The UDP port that it serves, if it serves one. */
  get port(): number | undefined {
    return this.kind === "socket" || this.kind === "both" ? this.#port : undefined;
  }

  /** Asks for another port from its next start on. */
  changePort(): void {
    this.#port = this.#port < 10_000 ? 10_000 + this.#number : 2_000 + this.#number;
  }

  start(): void {
    const { place, requests } = this;
    const job: CnfJob = { requests, socket: place.socket };
    // A TAP ends in a namespace of the CNF's own.
    const own = this.kind === "tap" ? ["unshare", "--net"] : [];
    const words = place.inside(...own, process.execPath, SCRIPT, JSON.stringify(job));
    const child = new Child({ words, log: place.log, ipc: true });
    this.#child = child;
    this.#seen = requests.map(() => new Set());
    this.#states = requests.map(() => ({ state: "starting", reasons: [] }));
    child.process.on("message", (word: CnfWord) => {
      if (this.#child !== child) return;
      if ("seen" in word) this.#seen[word.index]!.add(word.seen);
      else this.#states[word.index] = word;
    });
  }

  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await child?.end(signal);
  }

  /** The faults: punts that are not ready, or packets that did not arrive. */
  problems(text?: string): string[] {
    if (!this.#child?.isAlive) return [`${this.name} has ended: see ${this.place.log}`];
    return this.#states.flatMap(({ state, reasons }, index) => {
      if (state !== "ready" && state !== "degraded") return [`${this.name} punt ${index}: ${state} (${reasons})`];
      const isSeen = text === undefined || this.#seen[index]!.has(text);
      return isSeen ? [] : [`${this.name} (${this.kind}) punt ${index}: packet ${text} did not come`];
    });
  }

  /** The packets of `texts` that one of its punts did not see. */
  missed(texts: readonly string[]): string[] {
    return this.#seen.flatMap((seen, index) => {
      const lost = texts.filter((text) => !seen.has(text));
      return lost.length === 0
        ? []
        : [`${this.name} (${this.kind}) punt ${index} missed ${lost.length} of ${texts.length}: ${lost.slice(0, 5)}`];
    });
  }
}
