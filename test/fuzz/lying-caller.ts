// Callers of a daemon whose connections are damaged: bytes of real conversations over HTTP/2, changed, cut, and given in any pieces.
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Daemon } from "../../lib/daemon/index.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { EmulatedHost, type PuntRequestInput } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { within } from "../stress/settling.js";
import type { Random } from "../support/vpp/sample-values.js";
import { damagedBytes } from "./mutate.js";

const CALLERS = 20;
const LISTENER_AND_HONEST = 2;
const NO_DEVICES = { hostInterfaces: async () => [] };
/** Milliseconds. A daemon that takes longer hangs. */
const LONGEST = 20_000;
const HTTP1 = Buffer.from(
  "POST /vpp_punt.v1.Punts/Info HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
);

/** Returns the bytes that a caller sends in a few calls, call by call. */
async function recorded(socket: string, folder: string): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = [];
  const path = join(folder, "recorder.sock");
  const recorder = createServer((caller) => {
    const daemon = connect(socket);
    caller.on("data", (chunk) => void chunks.push(chunk));
    pipeline(caller, daemon, caller, () => {});
  }).listen(path);
  await once(recorder, "listening");
  await using punts = new RemotePunts({ socket: path, session: { cnf: "dns", grace: 0 } });
  const request = (key: string, port: number): PuntRequestInput => ({
    ...{ type: "PUNT_TO_SOCKET", cnf: "dns", key, socketPath: join(folder, `${port}.sock`) },
    toHost: { af: "IPV4", protocol: "UDP", port },
  });
  await punts.add(request("", 53));
  await punts.plan({ add: [request("other", 54)] });
  for await (const event of punts.watch()) if (event.kind === "snapshot") break;
  await punts.apply({ cnf: "dns", punts: [] });
  recorder.close();
  return chunks;
}

/** Sends a damaged conversation, and ends it in one of the ways in which connections end. */
async function lie(caller: Socket, chunks: readonly Buffer[], random: Random): Promise<void> {
  caller.on("error", () => {});
  caller.resume();
  const good = random.below(8) === 0 ? HTTP1 : Buffer.concat(chunks.slice(0, 1 + random.below(chunks.length)));
  const bytes = damagedBytes(good, random);
  for (let at = 0; at < bytes.length && !caller.destroyed; ) {
    const end = random.below(3) === 0 ? at + 1 + random.below(64) : bytes.length;
    caller.write(bytes.subarray(at, end));
    at = end;
    if (random.below(4) === 0) await sleep(0);
  }
  await sleep(random.below(3));
  if (random.below(2) === 0) caller.destroy();
  else caller.end();
}

/** The connections to a socket, with the listener. */
async function connections(socket: string): Promise<number> {
  const lines = (await readFile("/proc/net/unix", "utf8")).split("\n");
  return lines.filter((line) => line.endsWith(` ${socket}`)).length;
}

async function withDaemon(folder: string, vppSocket: string, random: Random): Promise<void> {
  const socket = join(folder, "manager.sock");
  await using _ = await Daemon.start({
    ...{ socket, vppSocket, socketDirectory: folder, drainTime: 100 },
    manager: { host: new EmulatedHost(NO_DEVICES), memifDirectory: join(folder, "memif") },
  });
  await using honest = new RemotePunts({ socket });
  const chunks = await recorded(socket, folder);
  await honest.info();
  const callers = Array.from({ length: CALLERS }, () => connect(socket));
  await Promise.all(callers.map((caller) => lie(caller, chunks, random)));
  for (const caller of callers) caller.destroy();
  await within("an honest caller is answered", LONGEST, honest.list());
  // The daemon looks for them every 10 s.
  if (random.below(16) > 0) return;
  const isClean = async () => {
    while ((await connections(socket)) > LISTENER_AND_HONEST) await sleep(5);
  };
  await within("the connections are closed", LONGEST, isClean());
}

/** A daemon answers an honest caller whatever others send, and keeps none of their connections. */
export async function lyingCaller(random: Random): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-fuzz-"));
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  try {
    // An honest caller's calls are not refused.
    await withDaemon(folder, vpp.apiSocket, random).catch((cause) => {
      throw new Error(`honest calls failed: ${cause}`, { cause });
    });
  } finally {
    await vpp.close();
    await rm(folder, { recursive: true, force: true });
  }
}
