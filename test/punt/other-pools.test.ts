// A manager that gets other networks for subnets than its store was written with.
import test from "ava";
import { managedVpp } from "../support/punt/managed-vpp.js";

test("a DHCP proxy moves to another network of subnets, and stays within a smaller one", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  for (const vrf of [0, 1, 2])
    await it.manager.add({ cnf: `c${vrf}`, type: "DHCP_PROXY", interconnect: "TAP", vrf }, { waitFor: "CREATED" });
  for (const vrf of [0, 1]) await it.manager.delete({ cnf: `c${vrf}` });
  const servers = async () => {
    const proxies = await it.client.dumpAll("dhcp_proxy_dump", { is_ip6: false });
    return proxies.flatMap((proxy) => proxy.servers.map((server: { dhcp_server: string }) => server.dhcp_server));
  };
  t.deepEqual(await servers(), ["192.168.111.10"]);
  for (const [ipv4, server] of [
    ["10.50.0.0/24", "10.50.0.10"],
    ["10.51.0.0/30", "10.51.0.2"],
  ] as const) {
    await it.restartManager({ subnets: { ipv4 } });
    await it.manager.resync();
    t.is(it.manager.get({ cnf: "c2" })!.state, "CREATED");
    t.deepEqual(await servers(), [server]);
  }
});
