// Trials of punts in etcd: takeover, adds by either daemon of a host, and ten thousand punts on a hundred hosts.
import { program } from "../../test/support/machine/programs.js";
import { atMost, differenceAtMost, type Row, type Side, type Suite } from "../harness/trial.js";

const TAKEOVERS = 5;
const ADDS = 200;
const [HOSTS, PUNTS] = [100, 10_000];

const script =
  (name: string, ...args: (string | number)[]): Side =>
  (workspace) => [{ command: workspace.script(`cluster/${name}`, workspace.folder, ...args) }];

const row = (name: string, unit: string, figure: string, target: Row["target"]): Row => {
  return { name, unit, value: ([result]) => result![figure]!, target };
};

function unavailable(): string | undefined {
  return program("etcd") && program("etcdctl") ? undefined : "etcd is not here";
}

const suite: Suite = {
  trials: [
    {
      name: "takeover with a lease of 8 s",
      unavailable,
      ours: script("takeover", TAKEOVERS),
      rows: [
        row("after a kill, median", "s", "killedP50", atMost(8)),
        row("after a kill, longest", "s", "killedMax", atMost(8)),
        row("after an end, median", "s", "closedP50", atMost(1)),
      ],
    },
    {
      name: "add to CREATED in etcd, by a standby daemon against the leader",
      unavailable,
      ours: script("adds", ADDS, "standby"),
      peer: script("adds", ADDS, "leader"),
      rows: [
        row("median", "ms", "p50", differenceAtMost(100)),
        row("99th percentile", "ms", "p99", differenceAtMost(500)),
        row("memory of an idle daemon", "MB", "mb", atMost(150)),
      ],
    },
    {
      name: `${PUNTS} punts on ${HOSTS} hosts`,
      unavailable,
      ours: script("fleet", HOSTS, PUNTS),
      rows: [
        row("until all are CREATED", "s", "createdS", atMost(120)),
        row("list of all", "s", "listS", atMost(10)),
        row("one more on one host", "ms", "oneMs", atMost(500)),
        row("memory of hosts without punts, their VPPs included", "MB", "emptyMb", atMost(2_000)),
        row("memory with the punts", "MB", "mb", atMost(4_000)),
        row("data of etcd", "MB", "dataMb", atMost(500)),
        row("memory of etcd", "MB", "etcdMb", atMost(2_000)),
      ],
    },
  ],
};
export default suite;
