// The samples of a soak, the question whether they are flat, and their plot.
import { readdirSync, readFileSync } from "node:fs";

export interface Sample {
  /** Seconds since the start. */
  readonly at: number;
  /** The process. */
  readonly who: string;
  /** Megabytes of resident memory. */
  readonly memory: number;
  readonly descriptors: number;
  /** Milliseconds; undefined for a process that does not measure it. */
  readonly delay?: number | undefined;
}

/** Returns the memory and the descriptors of a process; undefined: it has ended. */
export function processNow(pid: number): { memory: number; descriptors: number } | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return { memory: (pages * 4096) / 1e6, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/**
 * How much a value may grow between the second and the last fifth of the time: a share, and an amount. A memif keeps the four descriptors
 * of its last connection.
 */
const LIMITS = { memory: [0.15, 20], descriptors: [0, 8], delay: [2, 50] } as const;

/** Returns the growths that are too large, in words. */
export function growths(samples: readonly Sample[]): string[] {
  const found: string[] = [];
  for (const who of new Set(samples.map((each) => each.who))) {
    const own = samples.filter((each) => each.who === who);
    const fifth = Math.floor(own.length / 5);
    if (fifth < 3) continue;
    for (const [name, [share, amount]] of Object.entries(LIMITS)) {
      const of = (part: readonly Sample[]) => median(part.map((each) => each[name as keyof typeof LIMITS] ?? 0));
      const [early, late] = [of(own.slice(fifth, 2 * fifth)), of(own.slice(-fifth))];
      if (late > early * (1 + share) + amount)
        found.push(`${name} of ${who} grew from ${early.toFixed(1)} to ${late.toFixed(1)}`);
    }
  }
  return found;
}

/** Draws memory, descriptors and delay over time, as an HTML document. */
export async function plot(samples: readonly Sample[], summary: string): Promise<string> {
  // Loaded only for a plot: they are large.
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const figures = Object.entries({ memory: "MB", descriptors: "descriptors", delay: "ms, event loop, p99" }).map(
    async ([field, title]) => {
      const { spec } = compile({
        width: 720,
        height: 220,
        data: {
          values: samples.filter((each) => each[field as keyof Sample] !== undefined).map((each) => ({ ...each })),
        },
        mark: { type: "line" },
        encoding: {
          x: { field: "at", type: "quantitative", title: "seconds" },
          y: { field, type: "quantitative", title },
          color: { field: "who", type: "nominal", title: null },
        },
      });
      const svg = await new vega.View(vega.parse(spec), { renderer: "none" }).toSVG();
      return `<figure>${svg}</figure>`;
    },
  );
  const text = summary.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>vpp-punt soak</title><body><h1>vpp-punt soak</h1>
<pre>${text}</pre>${(await Promise.all(figures)).join("\n")}</body></html>\n`;
}
