// DHCP_PROXY: a DHCP client behind VPP gets its address from a DHCP server in the CNF.
import { join } from "node:path";
import { need } from "../support/need.js";
import { until, ownVrf as vrf } from "../support/netns.js";
import { Scenario } from "../support/scenario.js";

/** The CNF has no other VRF: it needs no device for this one. */
const inVrf = { vrf, withoutCnfVrf: true };
const real = need("root", "vpp", "dhclient", "dnsmasq").test.serial;

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
  // What the client would configure is of no interest: its script does nothing.
  const files = ["-lf", join(vpp.directory, "client-leases"), "-pf", join(vpp.directory, "client-pid")];
  const lease = await client
    .daemon("dhclient", "-4", "-1", "-d", "-sf", "/bin/true", ...files, "eth0")
    .says(/bound to/);
  t.regex(lease, /bound to 10\.1\.0\.5\d/);
  t.regex(server.output, /DHCPACK/);
  // What the server was told of the client's link, which is not its own.
  t.regex(server.output, /subnet-select {2}0a:01:00:01/);
});

real("a DHCPv6 server behind the punt hears a client, and VPP relays its answers (TAP)", async (t) => {
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
  const { cnfInterface } = punt.metadata.interconnects[0]!;
  await cnf.ip(
    "route",
    "add",
    "fd01::/64",
    "via",
    punt.metadata.interconnects[0]!.vppInterface!.addresses[0]!.split("/")[0]!,
  );
  const server = cnf.daemon(
    "dnsmasq",
    ...["--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--port=0", "--pid-file=", "--user=root"],
    ...["--log-dhcp", `--interface=${cnfInterface!.name}`, `--dhcp-leasefile=${join(vpp.directory, "leases")}`],
    "--dhcp-range=fd01::50,fd01::60,64",
  );
  await server.says(/DHCPv6, IP range/);
  const files = ["-lf", join(vpp.directory, "client-leases"), "-pf", join(vpp.directory, "client-pid")];
  await until("a link-local address", () =>
    client.ip("-6", "addr", "show", "dev", "eth0", "scope", "link", "-tentative"),
  );
  client.daemon("dhclient", "-6", "-1", "-d", "-v", "-sf", "/bin/true", ...files, "eth0");
  await server.says(/DHCPSOLICIT.*DHCPADVERTISE.*fd01::5/s);
  const relayed = /(\d+) +dhcpv6-proxy-to-server +DHCPV6 packets relayed to clients/;
  const errors = () => vpp.cli("show errors");
  const answers = await until("an answer relayed to the client", async () => relayed.exec(await errors())?.[1], errors);
  t.true(Number(answers) > 0);
});
