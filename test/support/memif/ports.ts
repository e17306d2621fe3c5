// Memif ports for tests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type Forwarder, Memif, type MemifOptions } from "../../../lib/memif/index.js";
import { until as untilHolds } from "../until.js";

/** A socket path of the test's own, in a folder that goes with the test. */
export function memifSocket(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-memif-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "memif.sock");
}

type Engine = NonNullable<MemifOptions["engine"]>;

/** Engine of servers, or clients, in tests that do not say: test/support/memif/engines.ts runs the suite over the other combinations. */
export function engineOf(role: MemifOptions["role"]): Engine {
  const [server, client] = (process.env.VPP_PUNT_TEST_ENGINES ?? "builtin,builtin").split(",") as [Engine, Engine];
  return role === "server" ? server : client;
}

/** Opens a port, over the engine of its role. */
export function open(options: MemifOptions): Memif {
  return Memif.open({ engine: engineOf(options.role), ...options });
}

/** Opens a port that is closed with the test. */
export function openMemif(t: ExecutionContext, options: MemifOptions): Memif {
  const port = open(options);
  t.teardown(() => port.close());
  return port;
}

/** Resolves with the first argument of the next event of that name. */
export function event<T>(port: Memif, name: "up" | "down" | "refused" | "drain"): Promise<T> {
  return new Promise((resolve) => port.once(name, (value: unknown) => resolve(value as T)));
}

/** A server and a client of ours, connected. */
export async function memifPair(
  t: ExecutionContext,
  both: Partial<MemifOptions> = {},
  client: Partial<MemifOptions> = {},
  server: Partial<MemifOptions> = {},
): Promise<{ server: Memif; client: Memif; socket: string }> {
  const socket = memifSocket(t);
  const serverPort = openMemif(t, { role: "server", socket, ...both, ...server });
  const clientPort = openMemif(t, { role: "client", socket, ...both, ...client });
  await Promise.all([event(serverPort, "up"), event(clientPort, "up")]);
  return { server: serverPort, client: clientPort, socket };
}

/** Resolves when `condition` holds; looked at once every turn of the event loop. */
export const until = (condition: () => boolean): Promise<unknown> => untilHolds(condition, "turn");

/** Starts forwarding between ports that are up. Two clients connect again for their common memory: resolves when all `ends` have done so. */
export async function forwarding(ends: readonly Memif[], start: () => Forwarder): Promise<Forwarder> {
  const areUp = (times: number) => () =>
    ends.every((port) => port.peer !== undefined && port.stats().connects >= times);
  await until(areUp(1));
  const forwarder = start();
  if (forwarder.zeroCopy) await until(areUp(2));
  return forwarder;
}
