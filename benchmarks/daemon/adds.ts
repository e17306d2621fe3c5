// adds <folder> <rounds> [--daemon]: the time from `add` to CREATED of a SPAN over MEMIF, one after the other; through the daemon as a
// CNF in another process sees it, or with a manager in this process. Prints median and 99th percentile in ms.
import { join } from "node:path";
import { Vpp } from "../../lib/binapi/index.js";
import { InsideHost } from "../../lib/host/index.js";
import { connectPunts } from "../../lib/module/index.js";
import { FileStore, PuntManager, type Punts } from "../../lib/punt/index.js";
import { addTimes } from "./add-times.js";

const [folder, rounds, withDaemon] = process.argv.slice(2) as [string, string, string?];

async function ownManager(): Promise<Punts> {
  const vpp = await Vpp.connect({ socketPath: join(folder, "vpp/api.sock") });
  const store = new FileStore(join(folder, "punts.json"));
  const memifDirectory = join(folder, "memif");
  return PuntManager.start({ vpp, store, host: new InsideHost(), memifDirectory, resyncInterval: 600_000 });
}

const punts = withDaemon
  ? await connectPunts({ socket: join(folder, "manager.sock"), wait: 10_000 })
  : await ownManager();
console.log(JSON.stringify(await addTimes(punts, Number(rounds))));
process.exit();
