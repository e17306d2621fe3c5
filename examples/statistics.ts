// VPP's counters out of its shared memory: node statistics.js [/run/vpp/stats.sock]. Without a socket, those of an embedded VPP.
import { VppStats } from "vpp-punt/binapi";
import { EmbeddedVpp } from "vpp-punt/sim";

await using sim = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });
sim.interface("eth0").inject([new Uint8Array(60), new Uint8Array(60)]);

const stats = await VppStats.open({ socketPath: process.argv[2] ?? sim.statsSocket! });
const all = await stats.read("/if/names", "/if/rx", /^\/err\/.*punt/);
const names = all.get("/if/names");
const rx = all.get("/if/rx");
if (names?.type === "names" && rx?.type === "combined") {
  for (const [index, name] of names.names.entries()) {
    const packets = rx.threads.reduce((sum, thread) => sum + (thread.packets[index] ?? 0n), 0n);
    console.log(`${name}: ${packets} packets received`);
  }
}
stats.close();
