// VPP's own TAPs (tap_create_v3) and Linux VRF devices. The other tests on a real VPP use veth pairs if
// /dev/vhost-net is missing. `npm run test:vhost` runs this file in a virtual machine that has both.
import { Frr, frrDaemon } from "../support/machine/frr.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";

const real = need("root", "vpp", "hosts", "vhost-net", "vrf").test.serial;
const localPing = { protocol: "ICMP", destinationNetwork: "local" } as const;

real(
  "a punt in a VRF: TAP and VRF device in the CNF, shared, over VPP's restart, gone with the last (ABX, TAP)",
  async (t) => {
    const scenario = await Scenario.start(t);
    const { network, vpp, manager } = scenario;
    const [host, cnf] = [await network.host(), await network.host()];
    await vpp.configure("ip table add 5");
    const vppInterface = await network.link(host, {
      addresses: ["10.10.0.2/24"],
      vppAddresses: ["10.10.0.1/24"],
      vrf: 5,
    });
    const common = { type: "ABX", interconnect: "TAP", netns: { name: cnf.name }, vppInterface, vrf: 5 } as const;
    const first = await scenario.add({ ...common, cnf: "one", ingressAclRules: [localPing], enableGso: true });
    const second = await scenario.add({
      ...common,
      cnf: "two",
      ingressAclRules: [{ protocol: "OSPF" }],
      enableGso: true,
    });
    t.regex(first.metadata.caveats.join("\n"), /^without egress rules [^\n]*$/, "TAPs have no caveats");
    t.true(second.metadata.interconnects[0]!.shared);
    const { cnfInterface, vppInterface: vppSide } = second.metadata.interconnects[0]!;
    const { name } = cnfInterface!;
    t.is(cnfInterface!.vrfName, "vrf5");

    const works = async () => {
      t.regex(await vpp.cli("show tap"), /gso-enabled/);
      t.regex(await cnf.ip("-d", "link", "show", "vrf5"), /vrf table 5/);
      t.regex(await cnf.ip("link", "show", name), new RegExp(`master vrf5.*${cnfInterface!.mac}`, "s"));
      t.regex(await cnf.ip("route", "show", "vrf", "vrf5"), /10\.10\.0\.0\/24/);
      t.regex(await vpp.cli("show hardware-interfaces"), new RegExp(vppSide!.mac));
      await host.ping("10.10.0.1", 1);
      t.is(await host.ping("10.10.0.1"), 3, "answered in the CNF's VRF");
    };
    await works();
    await vpp.restart("SIGKILL");
    await vpp.configure("ip table add 5");
    await network.restore();
    // The second one has no egress rules for OSPF.
    await until("both", () => `${manager.list().map(({ state }) => state)}` === "CREATED,DEGRADED");
    await works();

    await manager.delete(first.id);
    t.regex(await cnf.ip("link"), /vrf5/);
    await manager.delete(second.id);
    t.notRegex(await cnf.ip("link"), /vrf5|tap-/);
  },
);

real("a DHCP proxy's TAP has its subnet's addresses on both sides (DHCP_PROXY, TAP)", async (t) => {
  const scenario = await Scenario.start(t);
  const cnf = await scenario.network.host();
  const punt = await scenario.add({ type: "DHCP_PROXY", cnf: "dhcp", interconnect: "TAP", netns: { name: cnf.name } });
  t.deepEqual(punt.metadata.caveats, []);
  t.is(await cnf.ping("192.168.111.1"), 3);
});

const router = ["vtysh", ...(frrDaemon("isisd") === undefined ? ["isisd"] : [])];
const isis = need("root", "vpp", "vpp>=26.06", "plugin:linux_cp", "plugin:osi", "hosts", "vhost-net", ...router);

isis.test.serial(
  "without the isisx plugin, linux-cp passes IS-IS to FRR; the metadata lists the other packets (ISISX, TAP)",
  async (t) => {
    const scenario = await Scenario.start(t, { vpp: { without: ["isisx_plugin.so"] } });
    const { network } = scenario;
    const { host: neighbor, vppInterface } = await network.neighbor("10.10.1");
    const cnf = await network.host();
    const punt = await scenario.add({
      type: "ISISX",
      cnf: "router",
      interconnect: "TAP",
      netns: { name: cnf.name },
      vppInterface,
    });
    t.true(
      punt.metadata.caveats.some((caveat) => /linux-cp/.test(caveat)),
      punt.metadata.caveats.join("; "),
    );
    const device = punt.metadata.interconnects[0]!.cnfInterface!.name;

    const config = (name: string, id: number) => [
      `hostname is${id}`,
      ...[`interface ${name}`, " ip router isis 1", " isis network point-to-point", " isis hello-interval 1"],
      ...[" isis hello-multiplier 10", "router isis 1", ` net 49.0001.0000.0000.000${id}.00`, " is-type level-2-only"],
      " lsp-mtu 1400",
    ];
    const outside = await Frr.start(neighbor, { isisd: config("eth0", 2) });
    const inside = await Frr.start(cnf, { isisd: config(device, 1) });
    t.teardown(() => {
      for (const frr of [outside, inside]) frr.stop();
    });
    const up = async () =>
      / Up /.test(await inside.show("isis neighbor")) && / Up /.test(await outside.show("isis neighbor"));
    await until("an adjacency", up, async () => `${await inside.show("isis neighbor")}\n${inside.log()}`, 90);
  },
);
