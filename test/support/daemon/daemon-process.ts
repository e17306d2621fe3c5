// A daemon in a process of its own, to be killed. Unless devices are Linux's, its host is an empty one: no TAPs are made.
import { Daemon, type DaemonOptions } from "../../../lib/daemon/index.js";
import { EmulatedHost } from "../../../lib/punt/index.js";

process.on("disconnect", () => process.exit());
const { linux, ...options } = JSON.parse(process.argv[2]!) as DaemonOptions & { linux: boolean };
const host = linux ? {} : { host: new EmulatedHost({ hostInterfaces: async () => [] }) };
const daemon = await Daemon.start({ ...options, manager: { ...options.manager, ...host } });
process.on("SIGTERM", () => void daemon.close().then(() => process.exit(0)));
process.send?.("started");
