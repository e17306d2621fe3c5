// VLAN sub-interfaces in the embedded VPP.
import test from "ava";
import { arp, echoRequest, frame } from "../support/frames.js";
import { MAC, SimTest } from "../support/vpp/sim.js";

const SUBINTERFACE = "create sub-interfaces eth0 100";
const NOBODY = "00:00:00:00:00:00";

/** The frame with the tag of a VLAN. */
function tag(vlan: number, untagged: Buffer): Buffer {
  const header = Buffer.from([0x81, 0, vlan >> 8, vlan & 0xff]);
  return Buffer.concat([untagged.subarray(0, 12), header, untagged.subarray(12)]);
}

async function start(t: Parameters<typeof SimTest.start>[0]): Promise<SimTest> {
  const sim = await SimTest.start(t, { exec: [SUBINTERFACE] });
  await sim.up("eth0", "10.0.0.1/24");
  await sim.up("eth0.100", "10.1.0.1/24");
  return sim;
}

test("a VLAN sub-interface answers for its own addresses, with its tag", async (t) => {
  const sim = await start(t);
  const ask = (target: string, sender: string) => arp(1, [MAC.host0, sender], [NOBODY, target]);
  const [reply] = sim.through("eth0", tag(100, ask("10.1.0.1", "10.1.0.2")));
  t.is(reply!.readUInt16BE(12), 0x8100);
  t.is(reply!.readUInt16BE(14) & 0xfff, 100);
  t.is(reply!.readUInt16BE(16), 0x0806);
  const packet = echoRequest({ from: "10.1.0.2", to: "10.1.0.1" });
  const [pong] = sim.through("eth0", tag(100, frame({ from: MAC.host0, to: MAC.eth0 }, packet)));
  t.is(pong!.subarray(0, 18).toString("hex"), `${hex(MAC.host0)}${hex(MAC.eth0)}810000640800`);
  t.is(sim.through("eth0", tag(200, ask("10.1.0.1", "10.1.0.2"))).length, 0);
  t.is(await sim.count("ethernet-input", "unknown vlan"), 1);
});

test("a tag of VLAN 0 has a priority alone; a sub-interface takes one tag of 802.1Q", async (t) => {
  const sim = await start(t);
  const answers = (tags: string, target: string) => {
    const request = arp(1, [MAC.host0, target.replace(/1$/, "2")], [NOBODY, target]);
    const tagged = Buffer.concat([request.subarray(0, 12), Buffer.from(tags, "hex"), request.subarray(12)]);
    return sim.through("eth0", tagged).length;
  };
  for (const tags of ["81000000", "8100e000", "88a80000"]) t.is(answers(tags, "10.0.0.1"), 1, tags);
  t.is(answers("81000064", "10.1.0.1"), 1);
  const unknown = ["88a80064", "8100006481000005", "8100000081000064"];
  for (const tags of unknown) t.is(answers(tags, "10.1.0.1"), 0, tags);
  t.is(await sim.count("ethernet-input", "unknown vlan"), unknown.length);
  for (const tags of ["91000000", "92000064"]) t.is(answers(tags, "10.0.0.1"), 0, tags);
  t.is(await sim.count("ethernet-input", "unknown ethernet type"), 2);
});

test("SPAN of a sub-interface mirrors nothing that it receives, as in VPP: the feature belongs to the device", async (t) => {
  const sim = await start(t);
  await sim.up("eth1");
  const span = (name: string, state: string) =>
    sim.ok("sw_interface_span_enable_disable", {
      sw_if_index_from: sim.index(name),
      sw_if_index_to: sim.index("eth1"),
      state,
      is_l2: false,
    });
  const request = tag(100, arp(1, [MAC.host0, "10.1.0.2"], [NOBODY, "10.1.0.1"]));
  await span("eth0.100", "SPAN_STATE_API_RX");
  t.is(sim.through("eth0", request, "eth1").length, 0);
  await span("eth0", "SPAN_STATE_API_RX");
  t.deepEqual(sim.through("eth0", request, "eth1"), [request]);
});

test("the API shows what a sub-interface belongs to; it goes with its parent", async (t) => {
  const sim = await start(t);
  await sim.vpp.cli("create sub-interfaces eth1 7");
  const dump = await sim.api.dump("sw_interface_dump", {
    sw_if_index: 0xffffffff,
    name_filter_valid: false,
    name_filter: "",
  });
  const details = dump.find(({ interface_name }) => interface_name === "eth0.100");
  t.is(details?.l2_address, "00:00:00:00:00:00");
  t.like(details, { type: "IF_API_TYPE_SUB", sup_sw_if_index: sim.index("eth0"), sub_id: 100, sub_outer_vlan_id: 100 });
  t.regex(await sim.vpp.cli(SUBINTERFACE), /has a sub-interface 100 already/);
  t.regex(await sim.vpp.cli("create sub-interfaces eth0 5000"), /bad VLAN id/);
  t.regex(await sim.vpp.cli("delete sub-interface eth0"), /not a sub-interface/);
  t.is(await sim.vpp.cli("delete sub-interface eth0.100"), "");
  t.throws(() => sim.index("eth0.100"), { code: "ERR_NO_INTERFACE" });
});

function hex(mac: string): string {
  return mac.replaceAll(":", "");
}
