// VPP's counters out of its shared memory: node statistics.js [/run/vpp/stats.sock]
import { existsSync } from "node:fs";
import { DEFAULT_STATS_SOCKET, VppStats } from "vpp-punt/binapi";

const socketPath = process.argv[2] ?? DEFAULT_STATS_SOCKET;
if (!existsSync(socketPath)) {
  console.log(`there is no VPP with its statistics at ${socketPath}`);
  process.exit();
}

const stats = await VppStats.open({ socketPath });
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
