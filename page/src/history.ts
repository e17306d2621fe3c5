// The rates of a punt over the last minutes.
import type { InterconnectCounters } from "../../lib/wire/gen/vpp_punt/v1/counters_pb.js";

/** Rates of one moment, in packets a second. */
export interface Rates {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly toCnf: number;
  readonly fromCnf: number;
  readonly drops: number;
  /** Drops by VPP's name of the cause. */
  readonly causes: Readonly<Record<string, number>>;
}

/** The number of readings that are kept: three minutes. */
export const KEPT = 90;

interface Totals {
  readonly toCnf: number;
  readonly fromCnf: number;
  readonly causes: Readonly<Record<string, number>>;
}

/** Turns VPP's counters into rates. */
export class History {
  readonly rates: Rates[] = [];
  #last: (Totals & { readonly time: number }) | undefined;

  /** VPP's counters; undefined before the first reading. */
  get totals(): Totals | undefined {
    return this.#last;
  }

  get now(): Rates | undefined {
    return this.rates.at(-1);
  }

  /** Takes the counters of a moment. */
  take(time: number, interconnects: readonly InterconnectCounters[]): void {
    const totals = { time, ...totalsOf(interconnects) };
    const last = this.#last;
    this.#last = totals;
    if (last === undefined || time === last.time) return;
    if (time < last.time) {
      // The daemon's clock was set back: rates of later times would stand before this one for as long as it was set back by.
      this.rates.length = 0;
      return;
    }
    const seconds = (time - last.time) / 1000;
    const rate = (now: number, before = 0) => difference(now, before) / seconds;
    const causes = Object.entries(totals.causes).map(([cause, now]) => [cause, rate(now, last.causes[cause])] as const);
    this.rates.push({
      time,
      toCnf: rate(totals.toCnf, last.toCnf),
      fromCnf: rate(totals.fromCnf, last.fromCnf),
      drops: causes.reduce((sum, [, each]) => sum + each, 0),
      causes: Object.fromEntries(causes.filter(([, each]) => each > 0)),
    });
    if (this.rates.length > KEPT) this.rates.shift();
  }

  /** The counters have gone: rates begin again. */
  forget(): void {
    this.#last = undefined;
  }
}

/** VPP starts its counters again with each of its lives: a number that has become smaller counts from 0. */
function difference(now: number, before: number): number {
  return now >= before ? now - before : now;
}

function totalsOf(interconnects: readonly InterconnectCounters[]): Totals {
  const causes: Record<string, number> = {};
  let toCnf = 0;
  let fromCnf = 0;
  for (const each of interconnects) {
    toCnf += Number(each.toCnf?.packets ?? 0n);
    fromCnf += Number(each.fromCnf?.packets ?? 0n);
    for (const [cause, count] of Object.entries(each.drops)) causes[cause] = (causes[cause] ?? 0) + Number(count);
  }
  return { toCnf, fromCnf, causes };
}
