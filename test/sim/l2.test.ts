// Cross-connects and SPAN in the embedded VPP.
import test from "ava";
import { frame, udpPacket } from "../support/frames.js";
import { MAC, SimTest } from "../support/vpp/sim.js";

const stray = frame({ from: MAC.host0, to: MAC.host1 }, udpPacket({ from: "1.1.1.1", to: "2.2.2.2" }, [1, 2]));
const UP = ["eth0", "eth1", "eth2"] as const;

async function threeWires(t: Parameters<typeof SimTest.start>[0]): Promise<SimTest> {
  const sim = await SimTest.start(t, { interfaces: [...UP] });
  for (const name of UP) await sim.up(name);
  return sim;
}

const xconnect = (sim: SimTest, rx: string | number, tx: string | number, enable = true) =>
  sim.retval("sw_interface_set_l2_xconnect", {
    rx_sw_if_index: typeof rx === "number" ? rx : sim.index(rx),
    tx_sw_if_index: typeof tx === "number" ? tx : sim.index(tx),
    enable,
  });

test("a cross-connect passes every frame, both ways when both are set, and is listed", async (t) => {
  const sim = await threeWires(t);
  t.is(await xconnect(sim, "eth0", "eth1"), 0);
  t.deepEqual(sim.through("eth0", stray, "eth1"), [], "VPP sends only into an interface that is in L2 mode too");
  t.is(await xconnect(sim, "eth1", "eth0"), 0);
  t.deepEqual(sim.through("eth0", stray, "eth1"), [stray]);
  t.deepEqual(sim.through("eth1", stray, "eth0"), [stray]);
  const dump = (await sim.api.dump("l2_xconnect_dump")).map((details) => [
    details.rx_sw_if_index,
    details.tx_sw_if_index,
  ]);
  t.deepEqual(dump, [
    [1, 2],
    [2, 1],
  ]);
  t.is(await xconnect(sim, "eth0", "eth1", false), 0);
  t.deepEqual(sim.through("eth0", stray, "eth1"), []);
  t.is(await xconnect(sim, 99, "eth1"), -2);
  t.is(await xconnect(sim, "eth0", 99), -2);
});

test("the peer of a deleted interface goes back to L3", async (t) => {
  const sim = await threeWires(t);
  const { sw_if_index } = await sim.ok("create_loopback", { mac_address: "00:00:00:00:00:00" });
  await xconnect(sim, "eth0", sw_if_index as number);
  await xconnect(sim, sw_if_index as number, "eth0");
  await sim.ok("delete_loopback", { sw_if_index });
  t.deepEqual(await sim.api.dump("l2_xconnect_dump"), []);
});

const span = (sim: SimTest, from: string | number, to: string | number, state: string, is_l2 = false) =>
  sim.retval("sw_interface_span_enable_disable", {
    sw_if_index_from: typeof from === "number" ? from : sim.index(from),
    sw_if_index_to: typeof to === "number" ? to : sim.index(to),
    state: `SPAN_STATE_API_${state}`,
    is_l2,
  });

test("SPAN copies what an interface receives, sends, or both", async (t) => {
  const sim = await threeWires(t);
  await xconnect(sim, "eth0", "eth1");
  await xconnect(sim, "eth1", "eth0");
  t.is(await span(sim, "eth0", "eth2", "RX"), 0);
  t.deepEqual(sim.through("eth0", stray, "eth2"), [stray]);
  t.deepEqual(sim.through("eth1", stray, "eth2"), []);
  t.is(await span(sim, "eth0", "eth2", "TX"), 0);
  t.deepEqual(sim.through("eth0", stray, "eth2"), []);
  t.deepEqual(sim.through("eth1", stray, "eth2"), [stray]);
  t.is(await span(sim, "eth0", "eth2", "RX_TX"), 0);
  t.deepEqual(await sim.api.dump("sw_interface_span_dump", { is_l2: false }), [
    { sw_if_index_from: 1, sw_if_index_to: 3, state: "SPAN_STATE_API_RX_TX", is_l2: false },
  ]);
  t.deepEqual(await sim.api.dump("sw_interface_span_dump", { is_l2: true }), []);
  t.deepEqual(sim.through("eth0", stray, "eth1"), [stray], "the original goes on");
  t.is(await span(sim, "eth0", "eth2", "DISABLED"), 0);
  t.deepEqual(sim.through("eth0", stray, "eth2"), []);
  t.deepEqual(await sim.api.dump("sw_interface_span_dump", { is_l2: false }), []);
});

test("SPAN on L2 sees cross-connected frames, and needs a destination in L2 mode", async (t) => {
  const sim = await threeWires(t);
  await xconnect(sim, "eth0", "eth1");
  await xconnect(sim, "eth1", "eth0");
  t.is(await span(sim, "eth0", "eth2", "RX_TX", true), 0);
  t.deepEqual(sim.through("eth0", stray, "eth2"), []);
  await xconnect(sim, "eth2", "eth0");
  t.deepEqual(sim.through("eth0", stray, "eth2"), [stray]);
  t.deepEqual(sim.through("eth1", stray, "eth2"), [stray]);
});

test("SPAN checks little: itself and nothing are refused, an index that is not there is not", async (t) => {
  const sim = await threeWires(t);
  t.is(await span(sim, "eth0", "eth0", "RX"), -71);
  t.is(await span(sim, 0xffffffff, "eth0", "RX"), -71);
  t.is(await span(sim, "eth0", 0xffffffff, "RX"), -71);
  t.is(await span(sim, "eth0", 99, "RX"), 0);
  t.is(sim.through("eth0", stray, "eth1").length, 0);
  t.is(await sim.count("interface-output", "interface is deleted"), 1);
});
