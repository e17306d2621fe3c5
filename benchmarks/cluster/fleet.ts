// fleet <folder> <hosts> <punts>: punts on many hosts, asked for by an operator over etcd, on one machine with embedded VPPs. Prints the
// time in s until all are CREATED and until one of another host is, the time of a list of all, and the memory in MB.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Etcd, EtcdPunts } from "../../lib/cluster/index.js";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { timed } from "../manager/embedded.js";
import { BenchEtcd } from "./etcd.js";

const [folder, hosts, punts] = process.argv.slice(2) as [string, string, string];
const PROCESSES = 4;
const HOSTS = fileURLToPath(new URL("hosts.js", import.meta.url));
const server = await BenchEtcd.start(folder);
const each = Math.ceil(Number(hosts) / PROCESSES);

async function told(child: ChildProcess): Promise<number> {
  const [{ mb }] = (await once(child, "message")) as [{ mb: number }];
  return mb;
}

const children = Array.from({ length: PROCESSES }, (_, index) =>
  fork(HOSTS, [folder, server.url, String(index * each), String(each)]),
);
const sum = (figures: readonly number[]) => figures.reduce((total, figure) => total + figure, 0);
const emptyMb = sum(await Promise.all(children.map(told)));
const etcd = await Etcd.open({ endpoints: server.url, timeout: 60_000 });
const operators = Array.from({ length: PROCESSES * each }, (_, index) => {
  return new EtcdPunts(etcd, { host: `h${index}`, by: () => "bench" });
});
const perHost = Number(punts) / operators.length;

function requestsOf(host: number): PuntRequestInput[] {
  return Array.from({ length: perHost }, (_, index) => ({
    ...{ type: "PUNT_TO_SOCKET", cnf: `cnf${index}`, socketPath: join(folder, `h${host}`, `s${index}`) },
    toHost: { af: "IPV4", protocol: "UDP", port: 1_000 + index },
  }));
}

const options = { keep: true, waitFor: "CREATED" as const };
const createdS =
  (await timed(() => Promise.all(operators.map((each, host) => each.apply({ punts: requestsOf(host) }, options))))) /
  1e3;
const listS = (await timed(() => Promise.all(operators.map((each) => each.list())))) / 1e3;
const lists = await Promise.all(operators.map((each) => each.list()));
const created = lists.flat().filter(({ state }) => state === "CREATED").length;
if (created !== perHost * operators.length) throw new Error(`${created} of ${punts} punts are CREATED`);
const one = requestsOf(0)[0]!;
const oneMs = await timed(() =>
  operators[0]!.add({ ...one, cnf: "more", toHost: { af: "IPV4", protocol: "UDP", port: 9 } } as PuntRequestInput, {
    waitFor: "CREATED",
  }),
);
for (const child of children) child.send("memory");
const mb = sum(await Promise.all(children.map(told)));
const { dataMb, mb: etcdMb } = server.size();
console.log(JSON.stringify({ createdS, listS, oneMs, mb, emptyMb, dataMb, etcdMb }));
for (const child of children) child.kill("SIGKILL");
etcd.close();
server.close();
process.exit();
