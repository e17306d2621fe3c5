// Link-local addresses in the embedded VPP.
import test from "ava";
import { SimTest } from "../support/vpp/sim.js";

const ADDRESS_LENGTH_MISMATCH = -59;
const ADDRESS_NOT_FOUND_FOR_INTERFACE = -60;
const ADDRESS_NOT_DELETABLE = -61;

test("a link-local address is set as VPP sets it: /128, in no dump of addresses, and never deleted", async (t) => {
  const sim = await SimTest.start(t);
  const sw_if_index = await sim.up("eth0");
  const change = (is_add: boolean, prefix: string) =>
    sim.retval("sw_interface_add_del_address", { sw_if_index, is_add, del_all: false, prefix });
  const linkLocal = () => sim.api.call("sw_interface_ip6_get_link_local_address", { sw_if_index });

  t.is(await change(true, "fe80::1/64"), ADDRESS_LENGTH_MISMATCH);
  t.is(await change(true, "fe80::1/128"), 0);
  t.like(await linkLocal(), { retval: 0, ip: "fe80::1" });
  t.is(await change(true, "fe80::2/128"), 0, "another takes its place");
  t.like(await linkLocal(), { ip: "fe80::2" });
  t.deepEqual(await sim.api.dump("ip_address_dump", { sw_if_index, is_ipv6: true }), []);
  t.is(await change(false, "fe80::2/128"), ADDRESS_NOT_DELETABLE);
  t.is(await change(false, "fe80::1/128"), ADDRESS_NOT_FOUND_FOR_INTERFACE);
});
