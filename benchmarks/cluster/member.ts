// member <folder> <etcd> <name> <socket>: a daemon of host h1 over the VPP in <folder>/vpp, which tells its parent what it does.
import { join } from "node:path";
import { Daemon } from "../../lib/daemon/index.js";
import { InsideHost } from "../../lib/host/index.js";

const [folder, endpoints, name, socket] = process.argv.slice(2) as [string, string, string, string];
process.on("disconnect", () => process.exit());
const info = (fields: { role?: string }) => void (fields.role && process.send?.({ role: fields.role }));
const daemon = await Daemon.start({
  ...{ socket: join(folder, socket, "manager.sock"), vppSocket: join(folder, "vpp/api.sock") },
  ...{ socketDirectory: join(folder, "sockets"), state: join(folder, name) },
  etcd: { endpoints, name, host: "h1" },
  logger: { info, warn: () => {}, error: () => {} },
  manager: { host: new InsideHost(), memifDirectory: join(folder, "memif"), resyncInterval: 600_000 },
});
process.on("SIGTERM", () => void daemon.close().then(() => process.exit()));
