// Tells whether other programs used the machine during a run.
import { readFileSync } from "node:fs";

/** Linux's USER_HZ: /proc counts CPU time in units of 10 ms. */
const TICKS_PER_SECOND = 100;
/** A run is disturbed if other programs took more than this part of one core. */
const LIMIT = 0.1;

interface Reading {
  readonly ms: number;
  /** Seconds of CPU that all programs have used, on all cores. */
  readonly all: number;
  /** Seconds of CPU that this process and its ended children have used. */
  readonly own: number;
}

/** Begins to watch; the returned function ends it and returns the part of one core that other programs used. */
export function watchMachine(): () => number {
  const before = read();
  return () => {
    const after = read();
    const foreign = after.all - before.all - (after.own - before.own);
    return Math.max(0, foreign / ((after.ms - before.ms) / 1000));
  };
}

export function isDisturbed(foreign: number): boolean {
  return foreign > LIMIT;
}

function read(): Reading {
  // proc(5): user nice system idle iowait irq softirq steal.
  const [user, nice, system, , , irq, softirq, steal] = readFileSync("/proc/stat", "utf8")
    .split("\n")[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number) as [number, number, number, number, number, number, number, number];
  // proc(5): fields 14 to 17, counted from 1, behind the name in brackets.
  const own = readFileSync("/proc/self/stat", "utf8").split(") ")[1]!.split(" ").slice(11, 15).map(Number);
  return {
    ms: performance.now(),
    all: (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND,
    own: own.reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_SECOND,
  };
}
