// A daemon in a process of its own, to be killed. Its TAPs are not made: the host is an empty one.
import { Daemon, type DaemonOptions } from "../../../lib/daemon/index.js";
import { EmulatedHost } from "../../../lib/punt/index.js";

process.on("disconnect", () => process.exit());
const options = JSON.parse(process.argv[2]!) as DaemonOptions;
const host = new EmulatedHost({ hostInterfaces: async () => [] });
const daemon = await Daemon.start({ ...options, manager: { ...options.manager, host } });
process.on("SIGTERM", () => void daemon.close().then(() => process.exit(0)));
process.send?.("started");
