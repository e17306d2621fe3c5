// The counters of punts.
import test from "ava";
import type { Stat } from "../../lib/binapi/index.js";
import { countersOf } from "../../lib/counters/index.js";

const simple = (...values: bigint[]) => ({ type: "simple", threads: [values] }) as unknown as Stat;
const combined = (packets: bigint[], bytes: bigint[]) =>
  ({ type: "combined", threads: [{ packets, bytes }] }) as unknown as Stat;

const STATS = new Map<string, Stat>([
  ["/if/names", { type: "names", names: ["local0", "memif1/2"] } as unknown as Stat],
  ["/if/rx", combined([0n, 3n], [0n, 180n])],
  ["/if/tx", combined([0n, 5n], [0n, 300n])],
  ["/if/drops", simple(0n, 2n)],
  ["/if/tx-error", simple(9n, 0n)],
  ["/err/memif1/2-tx/no free tx slots", simple(4n)],
  ["/err/memif1/2-output/interface is down", simple(1n)],
  ["/err/memif1/2-output/interface is deleted", simple(0n)],
  ["/err/memif1/20-tx/no free tx slots", simple(7n)],
  ["/err/ip4-udp-punt-socket/socket TX error", simple(6n)],
  ["/err/ip4-input/ip4 ttl <= 1", simple(8n)],
]);

test("a punt has the counters of its own interface, whose name may hold slashes, and the sockets have those of VPP's punt nodes", (t) => {
  const punt = (name: string) => ({
    id: { cnf: "a", key: "", label: name },
    metadata: { interconnects: [{ vppInterface: { name } }] } as never,
  });
  const { punts, sockets } = countersOf([punt("ours"), punt("gone")], STATS, (tag) => (tag === "ours" ? 1 : undefined));
  t.deepEqual(punts[0]!.interconnects, [
    {
      interface: "memif1/2",
      toCnf: { packets: 5, bytes: 300 },
      fromCnf: { packets: 3, bytes: 180 },
      drops: { dropped: 2, "no free tx slots": 4, "interface is down": 1 },
    },
  ]);
  t.deepEqual(punts[1]!.interconnects, []);
  t.deepEqual(sockets, { "ip4-udp-punt-socket: socket TX error": 6 });
});

test("a loss that VPP counts for the interface and for its node is one loss", (t) => {
  const stats = new Map<string, Stat>([
    ["/if/names", { type: "names", names: ["memif1/2", "tap0"] } as unknown as Stat],
    ["/if/drops", simple(2n, 7n)],
    ["/if/tx-error", simple(9n, 1n)],
    ["/err/memif1/2-tx/no free tx slots", simple(4n)],
    ["/err/memif1/2-output/interface is down", simple(8n)],
    ["/err/memif1/2-output/interface is deleted", simple(1n)],
    ["/err/tap0-tx/no free tx slots", simple(5n)],
  ]);
  const punt = { id: { cnf: "a", key: "", label: "" }, metadata: { interconnects: [{ vppInterface: { name: "x" } }] } };
  const dropsOf = (index: number) => countersOf([punt as never], stats, () => index).punts[0]!.interconnects[0]!.drops;
  t.deepEqual(dropsOf(0), { dropped: 2, "no free tx slots": 4, "interface is down": 8, "interface is deleted": 1 });
  t.deepEqual(dropsOf(1), { dropped: 2, "tx error": 1, "no free tx slots": 5 });
});
