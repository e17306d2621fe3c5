// adds <folder> <rounds> <leader|standby>: the time from `add` to CREATED as a CNF sees it that asks that daemon, one after the other.
// Prints median and 99th percentile in ms, and the MB of an idle daemon.
import { setTimeout as sleep } from "node:timers/promises";
import { connectPunts } from "../../lib/module/index.js";
import { addTimes } from "../daemon/add-times.js";
import { rssMb } from "./etcd.js";
import { Pair } from "./pair.js";

const [folder, rounds, which] = process.argv.slice(2) as [string, string, string];
const pair = await Pair.start(folder);
const members = [await pair.member("leader"), await pair.member("standby")];
await sleep(2_000);
const mb = rssMb(members[0]!.child.pid!);
const punts = await connectPunts({ socket: pair.socketOf(which === "leader" ? 1 : 2), wait: 10_000 });
console.log(JSON.stringify({ ...(await addTimes(punts, Number(rounds))), mb }));
await punts.close();
for (const member of members) await member.end("SIGTERM");
await pair.close();
process.exit();
