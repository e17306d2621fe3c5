// The port for supervisors and Prometheus over the parts of a daemon.
import type { ClusterRole } from "../cluster/index.js";
import { ClusterPunts } from "../cluster/index.js";
import { readRings } from "../counters/index.js";
import { PuntManager, type PuntManagerEvents } from "../punt/index.js";
import { type HttpDoor, type HttpDoorOptions, openHttpDoor } from "./doors/index.js";
import { Metrics } from "./metrics/index.js";
import type { Opened } from "./opened.js";
import { sharedFor } from "./shared-for.js";
import { readiness } from "./standing.js";

/** Milliseconds for which readers of the metrics get the same ones: each collection costs VPP's main thread some commands. */
const METRICS_AGE_MS = 1_000;

/** How long VPP may take to show its rings. Prometheus would count a daemon whose VPP is silent as away: it waits for 10 seconds. */
const RINGS_MS = 1_000;

/** Opens the port. @throws PuntError EADDRINUSE, EACCES or another errno name */
export async function openHttpPort(
  options: HttpDoorOptions,
  { vpp, punts, counters, room }: Opened,
  cluster: () => ClusterRole | undefined,
  notReady: () => string | undefined,
): Promise<HttpDoor> {
  const metrics = await Metrics.open({
    punts: async () => punts.list(),
    counters: (list) => counters.read(list),
    rings: (list) =>
      readRings(list, async (cmd) => (await vpp.call("cli_inband", { cmd }, { timeout: RINGS_MS })).reply),
    isVppConnected: () => vpp.isConnected,
    cluster,
    isEtcdFull: async () => (room ? room.look() : false),
  });
  vpp.on("called", (message, ms) => metrics.called(message, ms));
  const passed = ({ ms, error }: PuntManagerEvents["pass"][0]) => metrics.passed(ms, error !== undefined);
  if (punts instanceof PuntManager) punts.on("pass", passed);
  else if (punts instanceof ClusterPunts) {
    punts.on("pass", passed);
    punts.on("etcd", (...called) => metrics.askedEtcd(...called));
  }
  return openHttpDoor(options, {
    notReady,
    ready: () => readiness(cluster(), room?.isFull),
    contentType: metrics.contentType,
    metrics: sharedFor(METRICS_AGE_MS, () => metrics.text()),
  });
}
