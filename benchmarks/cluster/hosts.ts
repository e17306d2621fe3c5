// hosts <folder> <etcd> <first> <count>: hosts with embedded VPPs and one daemon's punts each, in one process. Reports its memory to its
// parent on request.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ClusterPunts } from "../../lib/cluster/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { LateVpp } from "../../lib/vpp/index.js";

const [folder, endpoints, first, count] = process.argv.slice(2) as [string, string, string, string];
process.on("disconnect", () => process.exit());

async function host(number: number): Promise<void> {
  const directory = join(folder, `h${number}`);
  mkdirSync(directory);
  const vpp = await EmbeddedVpp.start({ directory, interfaces: ["if0"], exec: ["set interface state if0 up"] });
  const punts = await ClusterPunts.start({
    cluster: { endpoints, host: `h${number}`, timeout: 20_000, lease: 60 },
    manager: { vpp: new LateVpp(vpp.apiSocket), host: new EmulatedHost(vpp), memifDirectory: join(directory, "memif") },
    state: directory,
    addresses: [],
    problem: (error) => console.error(error.message),
  });
  while (punts.role !== "leader") await new Promise((resolve) => punts.once("role", resolve));
}

for (let number = Number(first); number < Number(first) + Number(count); number++) await host(number);
process.on("message", () => process.send!({ mb: process.memoryUsage().rss / 1e6 }));
process.send!({ mb: process.memoryUsage().rss / 1e6 });
