// Trials of the daemon: what a CNF in another process waits for, and what many watchers cost.
import { atMost, differenceAtMost, type Row, type Side, type Suite } from "../harness/trial.js";

const ROUNDS = 200;
const WATCHERS = 256;
const WATCH_ROUNDS = 20;

const side =
  (daemon: readonly string[], script: string, ...args: number[]): Side =>
  (workspace) => [
    { command: workspace.script("daemon/server", workspace.folder, 1, ...daemon) },
    { command: workspace.script(`daemon/${script}`, workspace.folder, ...args, ...daemon) },
  ];

const ofLast = (name: string, figure: string, target: Row["target"]): Row => {
  return { name, unit: "ms", value: (results) => results.at(-1)![figure]!, target };
};

const suite: Suite = {
  trials: [
    {
      name: "add to CREATED through the daemon, against a manager in the process",
      ours: side(["--daemon"], "adds", ROUNDS),
      peer: side([], "adds", ROUNDS),
      rows: [ofLast("median", "p50", differenceAtMost(5)), ofLast("99th percentile", "p99", differenceAtMost(20))],
    },
    {
      name: `add to CREATED as ${WATCHERS} watchers see it`,
      ours: side(["--daemon"], "watchers", WATCHERS, WATCH_ROUNDS),
      rows: [
        ofLast("median", "p50", atMost(100)),
        ofLast("99th percentile", "p99", atMost(250)),
        ofLast("from the first watcher to the last", "spread", atMost(100)),
        { name: "memory of an idle daemon", unit: "MB", value: (results) => results[0]!.mb!, target: atMost(150) },
      ],
    },
  ],
};
export default suite;
