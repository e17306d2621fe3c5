// Time that only goes forward, and that counts while the machine sleeps.
import { uptime } from "node:os";

/** A moment. */
export interface Moment {
  /** Milliseconds of CLOCK_MONOTONIC, which stands still while the machine is suspended. */
  readonly monotonic: number;
  /** Milliseconds of CLOCK_BOOTTIME, which goes on: a lease in etcd ends meanwhile. */
  readonly boot: number;
}

export function now(): Moment {
  return { monotonic: performance.now(), boot: uptime() * 1000 };
}

export function later({ monotonic, boot }: Moment, ms: number): Moment {
  return { monotonic: monotonic + ms, boot: boot + ms };
}

/** Whether a moment has come by either clock. */
export function isPast(moment: Moment): boolean {
  const { monotonic, boot } = now();
  return monotonic >= moment.monotonic || boot >= moment.boot;
}

/** Milliseconds until a moment; 0 if it has come. */
export function until(moment: Moment): number {
  return isPast(moment) ? 0 : Math.max(0, moment.monotonic - performance.now());
}
