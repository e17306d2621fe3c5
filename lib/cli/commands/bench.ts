// `vpp-punt bench`: packets a second into Node.js on this machine, and requests a second to VPP's API.
import { type Measured, measureAll } from "../bench/index.js";
import { interrupted, interruption } from "../ending/index.js";
import { json, print, progress, table } from "../output/index.js";

interface Options {
  readonly duration: number;
  readonly size: number;
  readonly only: readonly string[];
  readonly vpp?: string;
  readonly output: string;
}

const ALL = ["memif", "socket", "api"];

export async function run({ duration, size, only, vpp, output }: Options): Promise<void> {
  const end = new AbortController();
  const ended = interrupted().then((by) => {
    end.abort();
    return by;
  });
  const results: Measured[] = [];
  const subjects = only.length === 0 ? ALL : only;
  progress(`${subjects.length} measurements of ${duration} ms`);
  await measureAll(subjects, { duration, size, vpp }, end.signal, (measured) => results.push(measured));
  progress("");
  if (end.signal.aborted) throw interruption(await ended, "nothing is left behind");
  print(output === "json" ? json({ size, duration, results }) : text(results));
}

function text(results: readonly Measured[]): string {
  const rows = results.map(({ subject, unit, rate, bits }) => {
    const gigabits = bits === undefined ? "" : (bits / 1e9).toFixed(2);
    return [subject, `${Math.round(rate)} ${unit}`, gigabits, rate === 0 ? "" : Math.round(1e9 / rate)];
  });
  return table(["SUBJECT", "A SECOND", "GBIT/S", "NS EACH"], rows);
}
