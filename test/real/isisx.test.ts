// ISISX: IS-IS of a neighbor reaches the CNF and back, and no other packets do.
import { Frr, frrDaemon } from "../support/machine/frr.js";
import { type Netns, until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { forwarder, Scenario } from "../support/vpp/scenario.js";

const router = ["vtysh", ...(frrDaemon("isisd") === undefined ? ["isisd"] : [])];
const real = need("root", "vpp", "plugin:isisx", "hosts", ...router).test.serial;

function isisd(device: string, id: number): string[] {
  const link = [
    " ip router isis 1",
    " isis network point-to-point",
    " isis hello-interval 1",
    " isis hello-multiplier 5",
  ];
  const router = [
    ` net 49.0001.0000.0000.000${id}.00`,
    " is-type level-2-only",
    " lsp-gen-interval 1",
    " spf-interval 1",
  ];
  return [
    `hostname is${id}`,
    `interface ${device}`,
    ...link,
    "interface lo",
    " ip router isis 1",
    "router isis 1",
    ...router,
  ];
}

async function start(host: Netns, device: string, id: number): Promise<Frr> {
  await host.ip("addr", "add", `10.33.0.${id}/32`, "dev", "lo");
  return Frr.start(host, { isisd: isisd(device, id) });
}

/** Waits until an adjacency is up and the other's LSP has arrived. FRR computes its routes half a minute later. */
async function converged(frr: Frr, other: number): Promise<void> {
  const says = async () => `${await frr.show("isis neighbor")}\n${await frr.show("isis database")}`;
  const flooded = new RegExp(` Up .*is${other}\\.00-00`, "s");
  await until(
    `IS-IS with ${other}`,
    async () => flooded.test(await says()),
    async () => `${await says()}\n${frr.log()}`,
    60,
  );
}

real("FRR in the CNF and a neighbor become IS-IS adjacent (TAP)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp } = scenario;
  const { host: neighbor, vppInterface } = await network.neighbor("10.3.0");
  const cnf = await network.host();
  const punt = await scenario.add({
    type: "ISISX",
    cnf: "router",
    interconnect: "TAP",
    netns: { name: cnf.name },
    vppInterface,
  });
  const { cnfInterface } = punt.metadata.interconnects[0]!;

  const [outside, inside] = [await start(neighbor, "eth0", 2), await start(cnf, cnfInterface!.name, 1)];
  t.teardown(() => {
    for (const frr of [outside, inside]) frr.stop();
  });
  await converged(inside, 2);
  await converged(outside, 1);
  const [count] = /\d+(?= +isisx)/.exec(await vpp.cli("show errors")) ?? ["0"];
  t.true(Number(count) > 4, "hellos and LSPs both ways");
  t.log(`${count} IS-IS packets through VPP`);
  t.is(await neighbor.ping("10.3.0.1"), 3, "IP is still VPP's own");
});

real("two neighbors of VPP are adjacent through a CNF in Node.js (MEMIF)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network } = scenario;
  const hosts = [await network.host(), await network.host()];
  const ports = [];
  for (const [index, host] of hosts.entries()) {
    // Both are in one subnet, because IS-IS sees one link.
    const vppInterface = await network.link(host, {
      addresses: [`10.3.1.${index + 2}/24`],
      vppAddresses: [`10.3.${index + 1}.1/24`],
    });
    const punt = await scenario.add({
      type: "ISISX",
      cnf: "bridge",
      key: `${index}`,
      interconnect: "MEMIF",
      vppInterface,
    });
    ports.push(await scenario.memif(punt));
  }
  const count = forwarder(ports[0]!, ports[1]!);
  const frrs = [await start(hosts[0]!, "eth0", 3), await start(hosts[1]!, "eth0", 4)];
  t.teardown(() => {
    for (const frr of frrs) frr.stop();
  });
  await converged(frrs[0]!, 4);
  await converged(frrs[1]!, 3);
  t.true(count.there > 2 && count.back > 2, JSON.stringify(count));
  t.log(count);
});
