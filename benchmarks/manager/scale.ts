// Adds N punts to a manager on an embedded VPP in a process of its own, restarts VPP, deletes them.
// usage: scale N; prints { addMs, resyncMs, deleteMs, oneMs, mb, count }
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Vpp } from "../../lib/binapi/index.js";
import { FileStore, PuntManager, type PuntRequestInput } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";

const count = Number(process.argv[2]);
const directory = await mkdtemp(join(tmpdir(), "vpp-punt-scale-"));
const cards = Array.from({ length: count }, (_, index) => `if${index}`);
const exec = cards.flatMap((card, index) => [
  `set interface state ${card} up`,
  `set interface ip address ${card} 10.${index >> 8}.${index & 255}.1/24`,
]);
const vpp = await EmbeddedVpp.spawn({ directory, interfaces: cards, exec });
const client = await Vpp.connect({ socketPath: vpp.apiSocket, timeout: 60_000, reconnect: { min: 5, max: 20 } });
const manager = await PuntManager.start({
  vpp: client,
  store: new FileStore(join(directory, "state.json")),
  memifDirectory: join(directory, "memif"),
  resyncInterval: 600_000,
});
await manager.resync();

function request(index: number): PuntRequestInput {
  const common = { cnf: `cnf${index % 10}`, key: `${index}`, interconnect: "MEMIF" as const };
  const vppInterface = cards[index]!;
  switch (index % 4) {
    case 0:
      return { ...common, type: "SPAN", vppInterface };
    case 1:
      return { ...common, type: "ABX", vppInterface, ingressAclRules: [{ protocol: "OSPF" }], egressAclRules: [{}] };
    case 2:
      return { ...common, type: "ISISX", vppInterface };
    default: {
      const { cnf, key } = common;
      const toHost = { af: "IPV4" as const, protocol: "UDP" as const, port: index };
      return { cnf, key, type: "PUNT_TO_SOCKET", toHost, socketPath: `${directory}/${index}.sock` };
    }
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return Math.round(performance.now() - started);
}

const requests = cards.map((_, index) => request(index));
const oneMs = await timed(() => manager.add(requests[0]!, { waitFor: "CREATED" }));
const addMs = await timed(() => Promise.all(requests.map((it) => manager.add(it, { waitFor: "CREATED" }))));
const mb = Math.round(process.memoryUsage().rss / 1e6);
await vpp.restart();
await client.connected();
const resyncMs = await timed(async () => {
  while (!manager.list().every((it) => it.state === "CREATED")) await manager.resync();
});
const deleteMs = await timed(() => Promise.all(manager.list().map((it) => manager.delete(it.id))));
console.log(JSON.stringify({ addMs, resyncMs, deleteMs, oneMs, mb, count }));
await manager.close();
await client.close();
await vpp.close();
await rm(directory, { recursive: true, force: true });
