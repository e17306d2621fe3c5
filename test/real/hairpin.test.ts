// HAIRPIN and HAIRPIN_XCONNECT: all traffic of an interface passes through a CNF in Node.js, which forwards it over memif.

import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { forwarder, Scenario } from "../support/vpp/scenario.js";

const real = need("root", "vpp", "hosts").test.serial;

real("two hosts ping each other through a CNF between their interfaces (HAIRPIN_XCONNECT, MEMIF)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network } = scenario;
  const [one, other] = [await network.host(), await network.host()];
  const vppInterface1 = await network.link(one, { addresses: ["10.4.0.1/24", "fd04::1/64"] });
  const vppInterface2 = await network.link(other, { addresses: ["10.4.0.2/24", "fd04::2/64"] });
  t.is(await one.ping("10.4.0.2", 1), 0, "nothing connects them yet");

  const punt = await scenario.add({
    type: "HAIRPIN_XCONNECT",
    cnf: "bump",
    interconnect: "MEMIF",
    vppInterface1,
    vppInterface2,
  });
  const [first, second] = [await scenario.memif(punt, 0), await scenario.memif(punt, 1)];
  const count = forwarder(first, second);
  t.is(await one.ping("10.4.0.2", 5), 5);
  t.is(await other.ping("10.4.0.1", 5), 5);
  t.is(await one.ping("fd04::2", 3), 3);
  t.true(count.there >= 13 && count.back >= 13, JSON.stringify(count));

  for (const port of [first, second]) port.close();
  t.is(await one.ping("10.4.0.2", 1), 0, "without the CNF nothing passes");
});

need("root", "vpp", "hosts", "iperf3").test.serial(
  "TCP through the CNF keeps its bytes (HAIRPIN_XCONNECT, MEMIF, iperf3)",
  async (t) => {
    const scenario = await Scenario.start(t);
    const { network } = scenario;
    const [one, other] = [await network.host(), await network.host()];
    const vppInterface1 = await network.link(one, { addresses: ["10.4.1.1/24"] });
    const vppInterface2 = await network.link(other, { addresses: ["10.4.1.2/24"] });
    const punt = await scenario.add({
      type: "HAIRPIN_XCONNECT",
      cnf: "bump",
      interconnect: "MEMIF",
      vppInterface1,
      vppInterface2,
    });
    const count = forwarder(await scenario.memif(punt, 0), await scenario.memif(punt, 1));

    const server = other.daemon("iperf3", "-s", "-1", "--forceflush");
    await server.says(/listening/);
    const report = JSON.parse(await one.run("iperf3", "-c", "10.4.1.2", "-n", "50M", "--json"));
    t.is(report.error, undefined);
    // The receiver reports at the sender's last byte, while some bytes are on their way.
    t.true(report.end.sum_received.bytes >= 40 * 1024 * 1024);
    t.true(count.there > 30_000, "1500-byte segments, each through Node.js");
    t.log(
      `${(report.end.sum_received.bits_per_second / 1e6).toFixed(0)} Mbit/s, ${count.there} packets there, ${count.back} back`,
    );
  },
);

real("a host reaches VPP's new interface through the CNF (HAIRPIN, MEMIF)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp } = scenario;
  const host = await network.host();
  const vppInterface = await network.link(host, { addresses: ["10.5.0.2/24", "fd05::2/64"] });
  const hairpinInterface = {
    name: "inner",
    physAddress: "02:00:00:00:05:01",
    ipAddresses: ["10.5.0.1/24", "fd05::1/64"],
    mtu: 1400,
  };
  const punt = await scenario.add({
    type: "HAIRPIN",
    cnf: "bump",
    interconnect: "MEMIF",
    vppInterface,
    hairpinInterface,
  });
  const count = forwarder(await scenario.memif(punt, 0), await scenario.memif(punt, 1));

  t.is(await host.ping("10.5.0.1", 5), 5);
  t.is(await host.ping("fd05::1", 3), 3);
  t.true(count.there >= 8 && count.back >= 8, JSON.stringify(count));
  t.regex(await host.ip("neigh", "show", "10.5.0.1"), /02:00:00:00:05:01/);
  t.regex(await vpp.cli("show interface"), /1400/);
});

need("root", "vpp", "hosts").test.serial("the new interface of a HAIRPIN is in its VRF", async (t) => {
  const scenario = await Scenario.start(t, { manager: { resyncInterval: 500 } });
  const { network, vpp, manager } = scenario;
  const host = await network.host();
  const vppInterface = await network.link(host, { addresses: ["10.5.1.2/24"] });
  const hairpinInterface = { name: "inner", ipAddresses: ["10.5.1.1/24"], vrf: 7 };
  const request = { type: "HAIRPIN", cnf: "bump", interconnect: "MEMIF", vppInterface, hairpinInterface } as const;
  const waiting = await manager.add(request);
  t.is(waiting.state, "PENDING", "its table is not there yet");

  await vpp.configure("ip table add 7");
  const punt = await scenario.add(request);
  forwarder(await scenario.memif(punt, 0), await scenario.memif(punt, 1));
  t.is(await host.ping("10.5.1.1"), 3);
  const routes = await until("a route in the table", () => vpp.cli("show ip fib table 7 10.5.1.1"));
  t.regex(routes, /10\.5\.1\.1\/32/);
});

real("two hosts ping each other through a bridge of Linux in the CNF (HAIRPIN_XCONNECT, TAP)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network } = scenario;
  const [one, other, cnf] = [await network.host(), await network.host(), await network.host()];
  const vppInterface1 = await network.link(one, { addresses: ["10.4.2.1/24"] });
  const vppInterface2 = await network.link(other, { addresses: ["10.4.2.2/24"] });
  const punt = await scenario.add({
    type: "HAIRPIN_XCONNECT",
    cnf: "bump",
    interconnect: "TAP",
    netns: { name: cnf.name },
    vppInterface1,
    vppInterface2,
  });
  await cnf.ip("link", "add", "br0", "up", "type", "bridge");
  for (const { cnfInterface } of punt.metadata.interconnects) {
    await cnf.ip("link", "set", cnfInterface!.name, "master", "br0");
  }
  t.is(await one.ping("10.4.2.2", 5), 5);
  // The manager must not take a device out of a bridge that it did not make.
  await scenario.manager.resync();
  t.is(await other.ping("10.4.2.1", 5), 5);
});
