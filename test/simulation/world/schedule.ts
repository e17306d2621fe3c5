// The virtual time, and the one queue of everything that will happen in it: timers, messages, answers of disks.
import { createHash } from "node:crypto";
import { Random } from "./random.js";

/** A process of the world. When it dies, nothing of it happens any more. */
export class Party {
  isAlive = true;
  /** The party is stopped until then, as by SIGSTOP. */
  stoppedUntil = 0;
  /** Whether its timers run after what else was late: a process may be stopped in any phase of its event loop. */
  areTimersLast = false;

  constructor(
    readonly name: string,
    readonly pid: number,
  ) {}
}

/** Something that will happen. */
export interface Happening {
  time: number;
  readonly order: number;
  readonly party: Party;
  readonly label: string;
  /** Undefined once it was called off. */
  run: (() => void) | undefined;
}

const realImmediate = setImmediate;
/** A timer that is last runs so much after the messages that a stopped party had missed. */
const LATE_TIMER_MS = 0.01;
/** Characters of the trace that are hashed together. */
const NOTED_TOGETHER = 1 << 14;
/** Happenings of one history. More means that something turns in a circle. */
const MOST = 3_000_000;

/** Orders all that happens. Everything that it decides follows from the seed. */
export class Schedule {
  /** Milliseconds since the beginning. */
  now = 0;
  /** Milliseconds by which the wall clock was set forth or back. */
  wallOffset = 0;
  /** Without faults, messages and disks take little time. */
  isCalm = false;
  /** The number of happenings so far. */
  count = 0;
  readonly random: Random;
  readonly world: Party;
  /** The party whose code runs now. */
  party: Party;
  #failure: unknown;
  readonly #parties = new Map<number, Party>();
  #nextPid = 1000;
  #nextOrder = 0;
  readonly #queue = new Queue();
  readonly #trace = createHash("sha256");
  /** Notes that the trace has not got yet. */
  #notes = "";

  constructor(seed: number) {
    this.random = new Random(seed);
    this.world = this.newParty("world");
    this.party = this.world;
  }

  newParty(name: string): Party {
    const party = new Party(name, this.#nextPid++);
    this.#parties.set(party.pid, party);
    return party;
  }

  /** Returns the party of a process's number, if it lives. */
  living(pid: number): Party | undefined {
    const party = this.#parties.get(pid);
    return party?.isAlive ? party : undefined;
  }

  at(time: number, label: string, run: () => void, party = this.party): Happening {
    const happening = { time: Math.max(time, this.now), order: this.#nextOrder++, party, label, run };
    this.#queue.push(happening);
    return happening;
  }

  /** Stops a party for virtual milliseconds, as by SIGSTOP. */
  stop(party: Party, ms: number): void {
    party.stoppedUntil = Math.max(party.stoppedUntil, this.now + ms);
    party.areTimersLast = this.random.chance(0.5);
  }

  /** Runs code as a party's. */
  as<T>(party: Party, work: () => T): T {
    const before = this.party;
    this.party = party;
    try {
      return work();
    } finally {
      this.party = before;
    }
  }

  /** Resolves for the world's own code, after virtual milliseconds. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.now + ms, "sleep", resolve, this.world));
  }

  /** Resolves when a disk or a kernel has answered the party that runs now. It never does if the party dies before. */
  answer(label: string, ms = this.delay()): Promise<void> {
    return new Promise((resolve) => this.at(this.now + ms, label, resolve));
  }

  /** Returns a time that a message or an answer takes: mostly short, sometimes long. */
  delay(): number {
    const { random } = this;
    if (this.isCalm || random.chance(0.9)) return random.between(0.01, 0.4);
    return random.chance(0.9) ? random.between(0.4, 6) : random.between(6, 80);
  }

  /** Notes in the trace what happened. */
  note(text: string | Buffer): void {
    this.#notes += typeof text === "string" ? text : text.toString("latin1");
    if (this.#notes.length > NOTED_TOGETHER) this.#hashNotes();
  }

  #hashNotes(): void {
    this.#trace.update(this.#notes);
    this.#notes = "";
  }

  /** Ends the history unless a party that runs all the time has done something in virtual milliseconds. @param fault "" if it has */
  expect(party: Party, ms: number, fault: () => string): void {
    const since = this.now;
    const look = () => {
      const what = party.isAlive && party.stoppedUntil <= since ? fault() : "";
      if (what !== "") this.fail(new Error(`${party.name}: ${what}`));
    };
    this.at(since + ms, "look", look, this.world);
  }

  /** Ends the history with an error. */
  fail(error: unknown): void {
    this.#failure ??= error;
  }

  /** Runs all that happens until `main` has ended. @throws the error of `main`, or the first of any party */
  async run(main: () => Promise<void>): Promise<void> {
    let isOver = false;
    void this.as(this.world, main)
      .catch((error) => this.fail(error))
      .finally(() => (isOver = true));
    await turn();
    // A turn of Node's event loop begins when all promises that can go on have done so.
    await new Promise<void>((resolve) => {
      const next = () => {
        if (isOver || this.#failure !== undefined) return resolve();
        realImmediate(next);
        this.#step();
      };
      next();
    });
    if (this.#failure !== undefined) throw this.#failure;
  }

  #step(): void {
    const next = this.#queue.pop();
    if (next === undefined) {
      this.fail(new Error("nothing can happen any more, and the history is not over"));
      return;
    }
    if (next.run === undefined || !next.party.isAlive) return;
    if (next.party.stoppedUntil > next.time) {
      const isLast = next.party.areTimersLast && next.label === "timer";
      next.time = next.party.stoppedUntil + (isLast ? LATE_TIMER_MS : 0);
      this.#queue.push(next);
      return;
    }
    if (++this.count > MOST) this.fail(new Error(`${MOST} things have happened, and the history is not over`));
    this.now = next.time;
    this.party = next.party;
    this.note(`${next.time} ${next.party.pid} ${next.label}\n`);
    try {
      next.run();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The hash of all that has happened. */
  digest(): string {
    this.#hashNotes();
    return this.#trace.copy().digest("hex").slice(0, 16);
  }
}

/** Resolves when all promises that can go on have done so. */
export function turn(): Promise<void> {
  return new Promise((resolve) => realImmediate(resolve));
}

/** A binary heap: the earliest first, and of the same time the first to be added. */
class Queue {
  readonly #heap: Happening[] = [];

  push(added: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    for (let above = (at - 1) >> 1; at > 0 && isBefore(added, heap[above]!); above = (at - 1) >> 1) {
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = added;
  }

  pop(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (below >= heap.length || !isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}
