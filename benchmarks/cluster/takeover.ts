// takeover <folder> <rounds>: the time from the end of the daemon that acts until the other one of its host acts, with the default lease
// of 8 s. Prints in s: the median and the longest after a kill, and the median after an end by SIGTERM.

import { connectPunts } from "../../lib/module/index.js";
import { quantile } from "../daemon/quantile.js";
import { timed } from "../manager/embedded.js";
import { Pair } from "./pair.js";

const [folder, rounds] = process.argv.slice(2) as [string, string];
const pair = await Pair.start(folder);
let acting = await pair.member("leader");
const punts = await connectPunts({ socket: pair.socketOf(1), wait: 10_000 });
await punts.add({ cnf: "cnf", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" }, { waitFor: "CREATED" });
await punts.close();

async function times(signal: NodeJS.Signals): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    const next = await pair.member("standby");
    const ended = acting;
    found.push(await timed(() => Promise.all([ended.end(signal), next.becomes("leader")])));
    acting = next;
  }
  return found.map((ms) => ms / 1_000);
}

const killed = await times("SIGKILL");
const closed = await times("SIGTERM");
const [killedP50, killedMax, closedP50] = [quantile(killed, 0.5), Math.max(...killed), quantile(closed, 0.5)];
console.log(JSON.stringify({ killedP50, killedMax, closedP50 }));
await acting.end("SIGTERM");
await pair.close();
process.exit();
