// Links of the embedded VPP: memif, TAP, af_packet, linux-cp.
import { existsSync, linkSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { Memif } from "../../lib/memif/index.js";
import { frame, isis, udpPacket } from "../support/frames.js";
import { until } from "../support/until.js";
import { afPacketCreate, memifCreate, tapCreate } from "../support/vpp/api-values.js";
import { ADMIN_UP, MAC, SimTest } from "../support/vpp/sim.js";

const stray = frame({ from: MAC.host0, to: MAC.host1 }, udpPacket({ from: "1.1.1.1", to: "2.2.2.2" }, [1, 2]));

const socket = (sim: SimTest, socket_id: number, socket_filename: string, is_add = true) =>
  sim.api.call("memif_socket_filename_add_del_v2", { is_add, socket_id, socket_filename });

/** A memif peer of the embedded VPP; its received frames. */
function peer(t: ExecutionContext, path: string, role: "client" | "server", secret = "") {
  const port = Memif.open({
    ...{ role, socket: path, id: 1, rxMode: "interrupt", reconnectMs: 20 },
    ...(secret !== "" && { secret }),
  });
  t.teardown(() => port.close());
  const frames: Buffer[] = [];
  let wake = () => {};
  port.receive((batch) => {
    for (let i = 0; i < batch.length; i++) frames.push(Buffer.from(batch.copy(i)));
    wake();
  });
  const until = async (count: number) => {
    while (frames.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return frames;
  };
  const up = new Promise<void>((resolve) => port.once("up", () => resolve()));
  return { port, up, until };
}

test("memif sockets and interfaces: numbers, duplicates, use", async (t) => {
  const sim = await SimTest.start(t);
  const path = join(sim.vpp.directory, "m.sock");
  t.is((await socket(sim, 1, path)).retval, 0);
  t.is((await socket(sim, 1, path)).retval, 0, "the same again");
  t.is((await socket(sim, 1, "other.sock")).retval, -116);
  t.is((await socket(sim, 0, path)).retval, -73);
  t.like(await socket(sim, 0xffffffff, "sub/any.sock"), { retval: 0, socket_id: 1013904223 });
  t.true(existsSync(join(sim.vpp.directory, "sub")), "VPP makes the folder of a relative name");
  t.is(await sim.retval("memif_create_v2", memifCreate({ socket_id: 9 })), -73);
  t.is(await sim.retval("memif_create_v2", memifCreate({ ring_size: 1000 })), -73);
  t.is(await sim.retval("memif_create_v2", memifCreate({ mode: "MEMIF_MODE_API_PUNT_INJECT" })), -12);
  const { sw_if_index } = await sim.ok("memif_create_v2", memifCreate());
  t.is(await sim.retval("memif_create_v2", memifCreate()), -68);
  t.is(await sim.retval("memif_create_v2", memifCreate({ id: 2, role: "MEMIF_ROLE_API_SLAVE" })), -68);
  t.is((await socket(sim, 1, "", false)).retval, -74, "in use");
  const [details] = await sim.api.dump("memif_dump");
  t.like(details, { sw_if_index, id: 1, socket_id: 1, if_name: "memif1/1", hw_addr: "02:fd:00:00:00:09" });
  t.is(await sim.retval("memif_delete", { sw_if_index: 1 }), -2);
  await sim.ok("memif_delete", { sw_if_index });
  t.false(existsSync(path));
  t.is((await socket(sim, 1, "", false)).retval, 0);
  t.is((await socket(sim, 1, "", false)).retval, -73);
});

for (const role of ["client", "server"] as const) {
  test(`memif: frames pass both ways to a ${role}`, async (t) => {
    const sim = await SimTest.start(t);
    const path = join(sim.vpp.directory, "m.sock");
    await socket(sim, 1, path);
    const other = peer(t, path, role, "s3cret");
    const vppRole = role === "client" ? "MEMIF_ROLE_API_MASTER" : "MEMIF_ROLE_API_SLAVE";
    const { sw_if_index } = await sim.ok("memif_create_v2", memifCreate({ role: vppRole, secret: "s3cret" }));
    await sim.ok("sw_interface_set_flags", { sw_if_index, flags: ADMIN_UP });
    await sim.ok("sw_interface_set_l2_xconnect", { rx_sw_if_index: 1, tx_sw_if_index: sw_if_index, enable: true });
    await sim.ok("sw_interface_set_l2_xconnect", { rx_sw_if_index: sw_if_index, tx_sw_if_index: 1, enable: true });
    await sim.up("eth0");
    await other.up;
    // VPP's end may learn of it a moment later.
    const flags = async () => (await sim.api.dump("memif_dump"))[0]!.flags as string[];
    await until(async () => (await flags()).length > 1);
    t.deepEqual(await flags(), [...ADMIN_UP, "IF_STATUS_API_FLAG_LINK_UP"]);
    sim.vpp.interface("eth0").inject([stray, stray, stray]);
    t.deepEqual(await other.until(3), [stray, stray, stray]);
    const arrived = new Promise<Uint8Array>((resolve) => sim.vpp.interface("eth0").once("tx", resolve));
    t.is(other.port.send(stray), 1);
    t.deepEqual(Buffer.from(await arrived), stray);
  });
}

test("memif: a peer that has just learnt of the connection gets the first frame", async (t) => {
  const sim = await SimTest.start(t);
  const path = join(sim.vpp.directory, "m.sock");
  await socket(sim, 1, path);
  // Both ends tell this thread at once, and the peer first: it is the older one. It finds the socket when all is set up.
  const found = join(sim.vpp.directory, "found.sock");
  const other = peer(t, found, "client");
  other.port.once("up", () => sim.vpp.interface("eth0").inject(stray));
  const { sw_if_index } = await sim.ok("memif_create_v2", memifCreate());
  await sim.ok("sw_interface_set_flags", { sw_if_index, flags: ADMIN_UP });
  await sim.ok("sw_interface_set_l2_xconnect", { rx_sw_if_index: 1, tx_sw_if_index: sw_if_index, enable: true });
  await sim.ok("sw_interface_set_l2_xconnect", { rx_sw_if_index: sw_if_index, tx_sw_if_index: 1, enable: true });
  await sim.up("eth0");
  linkSync(path, found);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  t.deepEqual(await other.until(1), [stray]);
});

test("memif comes back by itself after VPP's restart, once the interface is made again", async (t) => {
  const sim = await SimTest.start(t);
  const path = join(sim.vpp.directory, "m.sock");
  await socket(sim, 1, path);
  const other = peer(t, path, "client");
  await sim.ok("memif_create_v2", memifCreate());
  await other.up;
  const down = new Promise<void>((resolve) => other.port.once("down", () => resolve()));
  await sim.vpp.restart();
  await down;
  const again = new Promise<void>((resolve) => other.port.once("up", () => resolve()));
  const { ApiClient } = await import("../support/vpp/api-client.js");
  const api = await ApiClient.connect(sim.vpp.apiSocket);
  t.deepEqual(await api.dump("memif_dump"), [], "everything is forgotten");
  await api.call("memif_socket_filename_add_del_v2", { is_add: true, socket_id: 1, socket_filename: path });
  t.is((await api.call("memif_create_v2", memifCreate())).retval, 0);
  await again;
  api.close();
});

const tap = (fields: object = {}) =>
  tapCreate("cnf", "tap-abcde", { host_ip4_prefix_set: true, host_ip4_prefix: "10.9.0.2/24", ...fields });

test("TAP: made with both sides, listed, and carrying frames to and from the emulated host", async (t) => {
  const sim = await SimTest.start(t);
  const { sw_if_index } = await sim.ok("tap_create_v3", tap());
  t.is(await sim.retval("tap_create_v3", tap()), -12, "the host's name is taken");
  t.is(await sim.retval("tap_create_v3", tap({ id: 0, host_if_name: "other" })), -71, "the id is taken");
  const [details] = await sim.api.dump("sw_interface_tap_v2_dump", { sw_if_index: 0xffffffff });
  t.like(details, { sw_if_index, id: 0, host_if_name: "tap-abcde", host_namespace: "cnf", host_mtu_size: 1400 });
  t.like(details, { host_mac_addr: "02:fe:00:00:00:01", host_ip4_prefix: "10.9.0.2/24", dev_name: "tap0" });
  t.like((await sim.vpp.hostInterfaces())[0], { name: "tap-abcde", namespace: "cnf", addresses: ["10.9.0.2/24"] });
  await sim.ok("sw_interface_set_flags", { sw_if_index, flags: ADMIN_UP });
  await sim.up("eth0");
  await sim.ok("sw_interface_set_l2_xconnect", { rx_sw_if_index: 1, tx_sw_if_index: sw_if_index, enable: true });
  await sim.ok("sw_interface_set_l2_xconnect", { rx_sw_if_index: sw_if_index, tx_sw_if_index: 1, enable: true });
  const host = sim.vpp.host("tap-abcde", "cnf");
  sim.vpp.interface("eth0").inject(stray);
  t.deepEqual(
    host.received().map((bytes) => Buffer.from(bytes)),
    [stray],
  );
  const wire = sim.vpp.interface("eth0");
  wire.transmitted();
  t.true(host.send(stray));
  t.is(wire.transmitted().length, 1);
  await sim.ok("tap_delete_v2", { sw_if_index });
  t.is(await sim.retval("tap_delete_v2", { sw_if_index: 1 }), -2);
  t.false(host.send(stray), "the other end is gone");
  t.throws(() => sim.vpp.host("tap-abcde", "cnf"), { code: "ERR_NO_INTERFACE" });
});

test("af_packet: an interface of the host by its name", async (t) => {
  const sim = await SimTest.start(t);
  const { sw_if_index } = await sim.ok("af_packet_create_v3", afPacketCreate("veth0", "02:fd:00:00:00:03"));
  t.deepEqual(await sim.api.dump("af_packet_dump"), [{ sw_if_index, host_if_name: "veth0" }]);
  await sim.ok("sw_interface_set_flags", { sw_if_index, flags: ADMIN_UP });
  t.is(sim.vpp.host("veth0").send(isis(MAC.host0)), true);
  t.is((await sim.count("osi-input", "unknown osi protocol")) + (await sim.count("isisx", "no connection")), 1);
  await sim.ok("af_packet_delete", { host_if_name: "veth0" });
  t.is(await sim.retval("af_packet_delete", { host_if_name: "veth0" }), -11);
});

test("linux-cp: a pair's host interface gets the packets that VPP would punt, and IS-IS once it is enabled", async (t) => {
  const sim = await SimTest.start(t);
  await sim.up("eth0", "10.0.0.1/24");
  const pair = {
    is_add: true,
    sw_if_index: 1,
    host_if_name: "lcp0",
    host_if_type: "LCP_API_ITF_HOST_TAP",
    netns: "",
  };
  const { host_sw_if_index, vif_index } = await sim.ok("lcp_itf_pair_add_del_v3", pair);
  t.is(await sim.retval("lcp_itf_pair_add_del_v3", pair), -81);
  t.is(await sim.retval("lcp_itf_pair_add_del_v3", { ...pair, sw_if_index: 99 }), -2);
  const host = sim.vpp.host("lcp0");
  t.is(host.ifIndex, vif_index as number);
  const hello = isis(MAC.host0);
  sim.vpp.interface("eth0").inject(hello);
  t.is(host.received().length, 0);
  await sim.ok("lcp_osi_proto_enable", { osi_proto: 0x83 });
  t.deepEqual((await sim.ok("lcp_osi_proto_get")).osi_protos, Uint8Array.of(0x83));
  sim.vpp.interface("eth0").inject(hello);
  t.deepEqual(
    host.received().map((bytes) => Buffer.from(bytes)),
    [hello],
  );
  const wire = sim.vpp.interface("eth0");
  wire.transmitted();
  host.send(hello);
  t.deepEqual(
    wire.transmitted().map((bytes) => Buffer.from(bytes)),
    [hello],
  );
  const pairs = await sim.api.dump("lcp_itf_pair_get", { cursor: 0 });
  t.like(pairs[0], { phy_sw_if_index: 1, host_sw_if_index, host_if_name: "lcp0", netns: "" });
  await sim.ok("lcp_itf_pair_add_del_v3", { ...pair, is_add: false });
  t.throws(() => sim.vpp.host("lcp0"), { code: "ERR_NO_INTERFACE" });
});

test("a TAP carries frames up to its MTU; longer ones are lost in a counter, in both directions", async (t) => {
  const sim = await SimTest.start(t);
  const { sw_if_index } = await sim.ok(
    "tap_create_v3",
    tapCreate("", "mtu0", { host_namespace_set: false, host_mtu_set: false }),
  );
  await sim.ok("sw_interface_set_flags", { sw_if_index, flags: ADMIN_UP });
  await sim.up("eth0");
  await sim.ok("sw_interface_set_l2_xconnect", { rx_sw_if_index: 1, tx_sw_if_index: sw_if_index, enable: true });
  await sim.ok("sw_interface_set_l2_xconnect", { rx_sw_if_index: sw_if_index, tx_sw_if_index: 1, enable: true });
  const host = sim.vpp.host("mtu0");
  const long = Buffer.alloc(1519, 2);
  t.false(host.send(long));
  sim.vpp.interface("eth0").inject([long, long.subarray(0, 1518)]);
  t.is(host.received().length, 1);
  t.is(host.dropped, 2);
  t.is((await sim.vpp.interfaces()).find(({ swIfIndex }) => swIfIndex === sw_if_index)!.counters.txErrors, 1);
  await sim.vpp.setHostMtu("mtu0", 9000);
  t.true(host.send(long));
});
