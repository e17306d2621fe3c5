// The fill of memif rings, from the words of VPP 26.06.
import test from "ava";
import { readRings, ringsIn } from "../../lib/counters/index.js";
import { Metrics } from "../../lib/daemon/metrics/index.js";
import type { PuntStatus } from "../../lib/punt/index.js";

/** The answer to `show memif` with these heads and tails of the ring to the CNF, and of the ring from it. */
function shown(toCnf: [head: number, tail: number], fromCnf: [head: number, tail: number]): string {
  return `sockets
  id  listener    filename
  101 yes (1)     /run/vpp-punt/memif/memif-ciBFk.sock

interface memif1013904223/1
  remote-name "vpp-punt"
  socket-id 1013904223 id 1 mode ethernet
  flags admin-up connected
  num-s2m-rings 1 num-m2s-rings 1 buffer-size 0 num-regions 2
  region 0 size 33024 fd 18
    master-to-slave ring 0:
      region 0 offset 16512 ring-size 1024 int-fd 21
      head ${toCnf[0]} tail ${toCnf[1]} flags 0x0000 interrupts 0
    slave-to-master ring 0:
      region 0 offset 0 ring-size 1024 int-fd 20
      head ${fromCnf[0]} tail ${fromCnf[1]} flags 0x0001 interrupts 0
interface memif7/1
  socket-id 7 id 1 mode ethernet
  flags
`.replaceAll("\n", "\r\n");
}

test("the slots that the CNF has posted are free for VPP, and those of the CNF wait until VPP has them", (t) => {
  const fills = (...args: Parameters<typeof shown>) => ringsIn(shown(...args)).map(({ fill }) => fill);
  t.deepEqual(fills([1024, 0], [0, 0]), [0, 0]);
  t.deepEqual(fills([1024, 256], [512, 0]), [0.25, 0.5]);
  t.deepEqual(fills([1024, 1024], [1024, 0]), [1, 1]);
  // Heads and tails have 16 bits. A CNF may write anything there.
  t.deepEqual(fills([100, 65_436], [100, 65_436]), [1 - 200 / 1024, 200 / 1024]);
  t.deepEqual(fills([5_000, 0], [5_000, 0]), [0, 1]);
  t.deepEqual(ringsIn(shown([1024, 0], [0, 0]))[0], {
    ...{ interface: "memif1013904223/1", direction: "to_cnf", queue: 0, fill: 0 },
  });
});

const memif = { metadata: { interconnects: [{ attachment: { kind: "memif" } }] } } as unknown as PuntStatus;

test("the rings are read only if a punt has a memif, and if there are few", async (t) => {
  let asked = 0;
  const run = async () => {
    asked++;
    return shown([1024, 256], [0, 0]);
  };
  t.deepEqual(await readRings([], run), []);
  t.deepEqual(
    await readRings(
      Array.from({ length: 129 }, () => memif),
      run,
    ),
    [],
  );
  t.is(asked, 0);
  t.is((await readRings([memif], run)).length, 2);
  t.deepEqual(await readRings([memif], () => Promise.reject(new Error("unknown input"))), []);
});

test("the metrics have the fill of the rings of punts, and of no other memif", async (t) => {
  const id = { cnf: "mon", key: "", label: "" };
  const none = { packets: 0, bytes: 0 };
  const interconnects = [{ interface: "memif1013904223/1", toCnf: none, fromCnf: none, drops: {} }];
  const rings = ringsIn(shown([1024, 256], [0, 0]));
  const metrics = await Metrics.open({
    punts: async () => [],
    counters: async () => ({ time: 0, punts: [{ id, interconnects }], sockets: {} }),
    rings: async () => [...rings, { ...rings[0]!, interface: "memif9/9" }],
    isVppConnected: () => true,
    cluster: () => undefined,
    isEtcdFull: async () => false,
  });
  const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith("vpp_punt_ring_fill"));
  const labels = 'cnf="mon",key="",label="",interface="memif1013904223/1"';
  t.deepEqual(lines, [
    `vpp_punt_ring_fill{${labels},direction="to_cnf",queue="0"} 0.25`,
    `vpp_punt_ring_fill{${labels},direction="from_cnf",queue="0"} 0`,
  ]);
});
