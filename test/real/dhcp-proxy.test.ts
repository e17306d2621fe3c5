// DHCP_PROXY: a DHCP client behind VPP gets its address from a DHCP server in the CNF.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { until, ownVrf as vrf } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";

/** VRF of the CNF. The CNF has no other, so that it needs no device for it. */
const inVrf = { vrf, withoutCnfVrf: true };
const real = need("root", "vpp", "hosts", "dhclient", "dnsmasq").test.serial;
const real6 = need("root", "vpp", "hosts", "dhclient", "dhcpd").test.serial;

real("a DHCP client gets a lease from a server behind the punt (TAP)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp } = scenario;
  const [client, cnf] = [await network.host(), await network.host()];
  await vpp.configure(`ip table add ${vrf}`);
  await network.link(client, { vppAddresses: ["10.1.0.1/24"], vrf });

  const punt = await scenario.add({
    type: "DHCP_PROXY",
    cnf: "dhcp",
    interconnect: "TAP",
    netns: { name: cnf.name },
    ...inVrf,
  });
  const { cnfInterface } = punt.metadata.interconnects[0]!;
  t.deepEqual(cnfInterface!.addresses, ["192.168.111.2/30"]);

  const server = cnf.daemon(
    "dnsmasq",
    ...["--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--port=0", "--pid-file=", "--user=root"],
    ...["--log-dhcp", `--interface=${cnfInterface!.name}`, `--dhcp-leasefile=${join(vpp.directory, "leases")}`],
    "--dhcp-range=10.1.0.50,10.1.0.60,255.255.255.0",
  );
  await server.says(/DHCP, IP range/);
  // The script of the client does nothing: the test reads only the lease.
  const files = ["-lf", join(vpp.directory, "client-leases"), "-pf", join(vpp.directory, "client-pid")];
  const lease = await client
    .daemon("dhclient", "-4", "-1", "-d", "-sf", "/bin/true", ...files, "eth0")
    .says(/bound to/);
  t.regex(lease, /bound to 10\.1\.0\.(5\d|60)\b/);
  t.regex(server.output, /DHCPACK/);
  // The relay names the client's link, which is not the server's.
  t.regex(server.output, /subnet-select {2}0a:01:00:01/);
});

/** Prepares DHCPv6 through a DHCP_PROXY, and a client. The test starts the server. */
async function behindProxy6(t: ExecutionContext) {
  const scenario = await Scenario.start(t);
  const { network, vpp } = scenario;
  const [client, cnf] = [await network.host(), await network.host()];
  await vpp.configure(`ip table add ${vrf}`, `ip6 table add ${vrf}`);
  await network.link(client, { vppAddresses: ["fd01::1/64"], vrf });
  const punt = await scenario.add({
    type: "DHCP_PROXY",
    cnf: "dhcp",
    interconnect: "TAP",
    netns: { name: cnf.name },
    families: ["IPV6"],
    ...inVrf,
  });
  const files = ["-lf", join(vpp.directory, "client-leases"), "-pf", join(vpp.directory, "client-pid")];
  const ask = async () => {
    await until("a link-local address", () =>
      client.ip("-6", "addr", "show", "dev", "eth0", "scope", "link", "-tentative"),
    );
    return client.daemon("dhclient", "-6", "-1", "-d", "-v", "-sf", "/bin/true", ...files, "eth0");
  };
  return { vpp, cnf, punt, ask, cnfInterface: punt.metadata.interconnects[0]!.cnfInterface! };
}

real6("a DHCPv6 client gets a lease from a server behind the punt (TAP)", async (t) => {
  const { vpp, cnf, ask, cnfInterface } = await behindProxy6(t);
  const [config, leases] = [join(vpp.directory, "dhcpd6.conf"), join(vpp.directory, "dhcpd6.leases")];
  writeFileSync(leases, "");
  writeFileSync(config, `subnet6 fd76:7070:6e74::/126 {}\nsubnet6 fd01::/64 { range6 fd01::50 fd01::5f; }\n`);
  // VPP's relay spoils an answer whose checksum Linux left to the device, so the manager has switched that off.
  const server = cnf.daemon("dhcpd", "-6", "-d", "--no-pid", "-cf", config, "-lf", leases, cnfInterface.name);
  await server.says(/Server starting service/);
  const lease = await (await ask()).says(/Bound to lease/);
  t.regex(lease, /IAADDR fd01::5[\da-f]/);
  t.regex(server.output, /Relay-forward message from fd76:7070:6e74::1 .*link address fd01::1/);
});

need("root", "vpp", "hosts").test.serial(
  "two managers of one machine punt the DHCP of one VRF each, on a VPP each (TAP)",
  async (t) => {
    const [one, other] = [await Scenario.start(t), await Scenario.start(t)];
    for (const scenario of [one, other]) {
      const cnf = await scenario.network.host();
      await scenario.vpp.configure(`ip table add ${vrf}`);
      const request = { type: "DHCP_PROXY", cnf: "dhcp", interconnect: "TAP", netns: { name: cnf.name } } as const;
      const { metadata } = await scenario.add({ ...request, ...inVrf });
      t.regex(await cnf.ip("link"), new RegExp(metadata.interconnects[0]!.cnfInterface!.name));
    }
    await one.manager.delete(one.manager.list()[0]!.id);
    await other.manager.resync();
    t.is(other.manager.list()[0]!.state, "CREATED");
  },
);
