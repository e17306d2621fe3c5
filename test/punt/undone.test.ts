// A manager restores what an operator undoes by hand in VPP, and it works.
import test from "ava";
import { arp } from "../support/frames.js";
import { Cnf, eventually } from "../support/punt/cnf-end.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const NOBODY = "00:00:00:00:00:00";

test("an interconnect that was deleted by hand answers ARP for its punt's subnet again", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { client, manager } = it;
  const abx = { cnf: "a", type: "ABX", interconnect: "MEMIF", vppInterface: "if0" } as const;
  await manager.add({ ...abx, ingressAclRules: [{ protocol: "OSPF" }] }, { waitFor: "CREATED" });
  const status = manager.get({ cnf: "a" })!;
  const [memif] = await client.dumpAll("memif_dump");
  await client.call("memif_delete", { sw_if_index: memif!.sw_if_index });
  await manager.resync();
  const cnf = await Cnf.open(status, it.vpp);
  t.teardown(() => cnf.close());
  const [end] = cnf.ends;
  const request = arp(1, [status.metadata.interconnects[0]!.cnfInterface!.mac, "10.0.0.1"], [NOBODY, "10.0.0.9"]);
  t.true(
    await eventually(
      () => end!.hasArpReply("10.0.0.9"),
      () => void end!.send(request),
    ),
  );
});

test("a mirror of an interconnect that was deleted by hand goes with its punt", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { client, manager } = it;
  const { id } = await manager.add({ cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" });
  await manager.close();
  const [memif] = await client.dumpAll("memif_dump");
  await client.call("memif_delete", { sw_if_index: memif!.sw_if_index });
  const mirrors = () => client.dumpAll("sw_interface_span_dump", { is_l2: false });
  t.is((await mirrors()).length, 1, "VPP keeps it");

  const next = await it.restartManager();
  await next.delete(id);
  t.deepEqual(await mirrors(), []);
});

test("a cross-connect of ours to an interface that was deleted by hand is made again", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { client, manager } = it;
  const interfaces = { vppInterface1: "if0", vppInterface2: "if1" };
  await manager.add({ cnf: "a", type: "HAIRPIN_XCONNECT", interconnect: "MEMIF", ...interfaces });
  await manager.close();
  const [memif] = await client.dumpAll("memif_dump");
  const { sw_if_index } = memif!;
  const off = { rx_sw_if_index: sw_if_index, tx_sw_if_index: 0xffff_ffff, enable: false };
  await client.call("sw_interface_set_l2_xconnect", off);
  await client.call("memif_delete", { sw_if_index });
  const ends = async () => (await client.dumpAll("l2_xconnect_dump")).map((each) => each.tx_sw_if_index);
  t.true((await ends()).includes(sw_if_index), "VPP keeps the other direction");

  const next = await it.restartManager();
  await next.add(next.get({ cnf: "a" })!.request, { waitFor: "CREATED" });
  const interfacesNow = await client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
  const there = interfacesNow.map((each) => each.sw_if_index);
  t.true((await ends()).every((end) => there.includes(end)));
});

test("an address that another interconnect got with the index of a deleted interface comes back to its own interface", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { client, manager } = it;
  await manager.add({ cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" });
  const hairpinInterface = { name: "h1", ipAddresses: ["10.61.0.1/24"] };
  const hairpin = { cnf: "b", type: "HAIRPIN", interconnect: "MEMIF", vppInterface: "if1", hairpinInterface } as const;
  await manager.add(hairpin, { waitFor: "CREATED" });
  const all = { sw_if_index: 0xffff_ffff, name_filter_valid: false, name_filter: "" };
  const interfaces = await client.dumpAll("sw_interface_dump", all);
  const indexOf = (name: string) => interfaces.find(({ tag }) => tag === name)!.sw_if_index;
  const [own, other] = [
    indexOf("h1"),
    indexOf(manager.get({ cnf: "a" })!.metadata.interconnects[0]!.vppInterface!.name),
  ];
  const set = (sw_if_index: number, is_add: boolean) =>
    client.call("sw_interface_add_del_address", { sw_if_index, is_add, del_all: false, prefix: "10.61.0.1/24" });
  await set(own, false);
  await set(other, true);

  await manager.resync();
  t.is(manager.get({ cnf: "b" })!.state, "CREATED");
  const addressesOf = async (sw_if_index: number) =>
    (await client.dumpAll("ip_address_dump", { sw_if_index, is_ipv6: false })).map(({ prefix }) => prefix);
  t.deepEqual([await addressesOf(own), await addressesOf(other)], [["10.61.0.1/24"], []]);
});
