// A clock that never goes back, and that also counts while the machine is suspended.
import { uptime } from "node:os";

/** A moment. */
export interface Moment {
  /** Milliseconds of CLOCK_MONOTONIC, which stands still while the machine is suspended. */
  readonly monotonic: number;
  /** Milliseconds of CLOCK_BOOTTIME, which counts while the machine is suspended, as a lease in etcd does. */
  readonly boot: number;
}

export function now(): Moment {
  return { monotonic: performance.now(), boot: uptime() * 1000 };
}

export function later({ monotonic, boot }: Moment, ms: number): Moment {
  return { monotonic: monotonic + ms, boot: boot + ms };
}

/** Returns whether a moment is past by either clock. */
export function isPast(moment: Moment): boolean {
  const { monotonic, boot } = now();
  return monotonic >= moment.monotonic || boot >= moment.boot;
}

/** Returns the milliseconds until a moment; 0 if it is past. */
export function until(moment: Moment): number {
  return isPast(moment) ? 0 : Math.max(0, moment.monotonic - performance.now());
}
