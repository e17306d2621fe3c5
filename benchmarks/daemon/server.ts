// server <folder> <interfaces> [--daemon]: an embedded VPP in a process of its own, and a daemon in this one, until stdin ends.
// Prints the memory of the daemon before the first call, in MB.
import { once } from "node:events";
import { join } from "node:path";
import { Daemon } from "../../lib/daemon/index.js";
import { InsideHost } from "../../lib/host/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";

const [folder, count, withDaemon] = process.argv.slice(2) as [string, string, string?];
const interfaces = Array.from({ length: Number(count) }, (_, index) => `if${index}`);
const exec = interfaces.map((name) => `set interface state ${name} up`);
const vpp = await EmbeddedVpp.spawn({ directory: join(folder, "vpp"), interfaces, exec });
const daemon = withDaemon
  ? await Daemon.start({
      ...{ socket: join(folder, "manager.sock"), vppSocket: vpp.apiSocket, state: join(folder, "state") },
      ...{ socketDirectory: join(folder, "sockets") },
      manager: { host: new InsideHost(), memifDirectory: join(folder, "memif"), resyncInterval: 600_000 },
    })
  : undefined;
const mb = process.memoryUsage().rss / 2 ** 20;
console.log("ready");
process.stdin.resume();
await once(process.stdin, "end");
await daemon?.close();
await vpp.close();
console.log(JSON.stringify({ mb }));
