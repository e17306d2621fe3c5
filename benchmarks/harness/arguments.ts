// Reads the command line of `npm run bench`.
import { parseArgs } from "node:util";

export const USAGE = `usage: npm run bench -- [suite...] [options]

Runs trials side by side: ours, the peer, ours, the peer... and compares the medians. Without a suite, or with "all", it runs every suite.

  --list            lists the trials instead of running them
  --only TEXT       runs the trials whose name contains TEXT
  --pairs N         measures N pairs after one pair to warm up (default 5)
  --json            prints one JSON object
  --html FILE       writes a report with plots, in one file
  --save FILE       writes the outcomes as a baseline
  --compare FILE    compares the outcomes with a baseline; exits with 1 if a figure got worse by more than its spread
  --vpp SOCKET      takes the VPP with this API socket for the suite vpp, in place of one of its own
  --help            prints this text

Environment: VPP_PREFIX names a VPP, LIBMEMIF_PREFIX a libmemif, for the trials that need them;
VPP_API_SOCKET does the same as --vpp. NODE_PEERS names a folder where npm's memif and unix-dgram are installed.
Exit status: 0 all trials ran, 1 a trial failed or a figure got worse than the baseline, 2 the command line was wrong.`;

export interface Arguments {
  readonly suites: readonly string[];
  readonly list: boolean;
  readonly only: string;
  readonly pairs: number;
  readonly json: boolean;
  readonly html: string | undefined;
  readonly save: string | undefined;
  readonly compare: string | undefined;
  readonly vpp: string | undefined;
  readonly help: boolean;
}

/** @throws Error with a line for the user if the arguments make no sense */
export function readArguments(args: readonly string[], available: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      pairs: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
      html: { type: "string" },
      save: { type: "string" },
      compare: { type: "string" },
      vpp: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const pairs = Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error(`--pairs must be a count from 1 on; got ${values.pairs}`);
  const unknown = positionals.find((name) => name !== "all" && !available.includes(name));
  if (unknown !== undefined) throw new Error(`there is no suite ${unknown}; there are: ${available.join(", ")}, all`);
  const all = positionals.length === 0 || positionals.includes("all");
  const { html, save, compare, vpp } = values;
  return { ...values, pairs, suites: all ? available : positionals, html, save, compare, vpp };
}
