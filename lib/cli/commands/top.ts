// `vpp-punt top`: the rates and the drops of each punt, live.
import { setTimeout as sleep } from "node:timers/promises";
import type { InterconnectCounters, PacketCount, VppCounters } from "../../counters/index.js";
import { idKey, idText } from "../../punt/index.js";
import { errorText, interrupted } from "../ending/index.js";
import { inThousands, isOutputLost, jsonLine, print, printError, stateColor, table, write } from "../output/index.js";
import type { ShownPunt } from "../punts/index.js";
import { lasting, look, type ManagedOptions, type Opened, sayUnseen, withPunts } from "../punts/index.js";

interface Options extends ManagedOptions {
  readonly output: string;
  readonly cnf?: string;
  readonly interval: number;
  readonly count?: number;
  readonly totals?: boolean;
}

/** One reading: the punts and VPP's counters of them. */
interface Reading {
  readonly punts: readonly ShownPunt[];
  readonly counters: VppCounters;
  /** When the counters came, in milliseconds of the monotonic clock, so that rates stay right when the wall clock is set. */
  readonly at: number;
}

export async function run(options: Options): Promise<void> {
  const end = new AbortController();
  void interrupted().then(() => end.abort());
  await withPunts(options, { readOnly: true }, (opened) => show(opened, options, end.signal));
}

async function show(opened: Opened, options: Options, signal: AbortSignal): Promise<void> {
  const { count = Number.POSITIVE_INFINITY, interval, totals = false, output } = options;
  const read = lasting(
    () => reading(opened, options),
    (error) => printError(errorText(error)),
  );
  // A rate needs two readings.
  let last = totals ? undefined : await read();
  let shown = 0;
  await sayUnseen(opened);
  while (shown < count && !signal.aborted && !isOutputLost()) {
    if (!totals || shown > 0) await sleep(interval, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const now = await read();
    if (now === undefined) continue;
    shown++;
    const lines = linesOf(now, last);
    if (output === "json") print(jsonLine({ time: new Date(now.counters.time).toISOString(), ...jsonOf(now, lines) }));
    else screen(text(lines, now.counters, totals));
    if (!totals) last = now;
  }
}

const LONGEST_LOOK_MS = 10_000;

async function reading(opened: Opened, { cnf }: Options): Promise<Reading> {
  const punts = await look(opened, LONGEST_LOOK_MS, cnf);
  return { punts, counters: await opened.counters(cnf), at: performance.now() };
}

/** On a terminal each reading replaces the one before; elsewhere a blank line is between them. */
function screen(content: string): void {
  if (process.stdout.isTTY) write(`\u001b[H\u001b[J${content}\n`);
  else print(`${content}\n`);
}

type Drops = Readonly<Record<string, number>>;

/** A punt in a reading: rates a second, or totals where there is no earlier reading. */
interface Line {
  readonly punt: ShownPunt;
  readonly interconnect: InterconnectCounters | undefined;
}

function linesOf({ punts, counters, at }: Reading, before: Reading | undefined): Line[] {
  const now = new Map(counters.punts.map((each) => [idKey(each.id), each]));
  const old = new Map(before?.counters.punts.map((each) => [idKey(each.id), each]));
  const seconds = before === undefined ? 1 : (at - before.at) / 1000;
  return punts.flatMap((punt): Line[] => {
    const interconnects = now.get(idKey(punt.id))?.interconnects ?? [];
    const earlier = old.get(idKey(punt.id))?.interconnects ?? [];
    if (interconnects.length === 0) return [{ punt, interconnect: undefined }];
    return interconnects.map((each) => {
      const same = earlier.find(({ interface: name }) => name === each.interface);
      return { punt, interconnect: before === undefined ? each : rateOf(each, same, seconds) };
    });
  });
}

/** VPP starts its counters again with each of its lives: a number that has become smaller counts from 0. */
function difference(now: number, before = 0): number {
  return now >= before ? now - before : now;
}

function rateOf(
  now: InterconnectCounters,
  before: InterconnectCounters | undefined,
  seconds: number,
): InterconnectCounters {
  const rate = (value: number, old = 0) => Math.round(difference(value, old) / seconds);
  // An interface that is new has been counting for an unknown time.
  const of = (count: PacketCount, old: PacketCount = count) => {
    return { packets: rate(count.packets, old.packets), bytes: rate(count.bytes, old.bytes) };
  };
  const drops = Object.entries(now.drops).map(([cause, count]) => [cause, rate(count, before?.drops[cause])] as const);
  return {
    interface: now.interface,
    toCnf: of(now.toCnf, before?.toCnf),
    fromCnf: of(now.fromCnf, before?.fromCnf),
    drops: Object.fromEntries(drops.filter(([, count]) => count > 0)),
  };
}

function jsonOf({ counters }: Reading, lines: readonly Line[]): object {
  const punts = lines.map(({ punt: { id, state }, interconnect }) => ({ id, state, ...interconnect }));
  return { punts, sockets: counters.sockets };
}

const HEADINGS = ["PUNT", "STATE", "INTERFACE", "TO CNF", "FROM CNF", "DROPS"];

function text(lines: readonly Line[], { sockets, time }: VppCounters, totals: boolean): string {
  const rows = lines.map(({ punt: { id, state }, interconnect }) => {
    if (interconnect === undefined) return [idText(id), state, "-", "-", "-", ""];
    const { interface: name, toCnf, fromCnf, drops } = interconnect;
    return [idText(id), state, name, amount(toCnf, totals), amount(fromCnf, totals), dropText(drops, totals)];
  });
  const color = (cell: string, column: number) => (column === 1 ? stateColor(cell) : undefined);
  const shared = Object.entries(sockets).map(([name, count]) => `${name} ${count}`);
  return [
    `${new Date(time).toISOString()}  ${lines.length === 0 ? "no punts" : totals ? "totals" : "rates a second"}`,
    ...(rows.length > 0 ? [table(HEADINGS, rows, { color })] : []),
    ...(shared.length > 0 ? [`punt sockets, all together: ${shared.join(", ")}`] : []),
  ].join("\n");
}

/** `1.2k pkt 8.1 Mbit`. */
function amount({ packets, bytes }: PacketCount, totals: boolean): string {
  return totals
    ? `${inThousands(packets)} pkt ${inThousands(bytes)}B`
    : `${inThousands(packets)} pkt ${inThousands(bytes * 8)}bit`;
}

function dropText(drops: Drops, totals: boolean): string {
  return Object.entries(drops)
    .map(([cause, count]) => `${cause} ${inThousands(count)}${totals ? "" : "/s"}`)
    .join(", ");
}
