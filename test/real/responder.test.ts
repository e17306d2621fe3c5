// A CNF behind a memif of a real VPP: VPP resolves and pings its addresses, and the library answers.
import type { ExecutionContext } from "ava";
import { type CnfRequest, type OpenPunt, type OpenPuntOptions, openPunt } from "../../lib/module/index.js";
import { Responder } from "../../lib/responder/index.js";
import { Network } from "../support/machine/netns.js";
import { event, openMemif } from "../support/memif/ports.js";
import { need } from "../support/need.js";
import { type RealVpp, startVpp } from "../support/vpp/real.js";

const real = need("root", "vpp").test.serial;
const OUR_MAC = "02:fe:00:00:00:02";

async function vppOf(t: ExecutionContext): Promise<RealVpp> {
  const vpp = await startVpp();
  t.teardown(() => vpp.stop());
  return vpp;
}

/** Pings until an answer comes: VPP drops the packet that waits for a neighbor. */
async function pings(vpp: RealVpp, address: string, count: number): Promise<number> {
  const text = await vpp.cli(`ping ${address} repeat ${count} interval 0.1`);
  return Number(/(\d+) received/.exec(text)?.[1]);
}

real("VPP resolves and pings both families, on the interface and on a VLAN", async (t) => {
  const vpp = await vppOf(t);
  const socket = `${vpp.directory}/memif.sock`;
  const port = openMemif(t, { role: "client", socket, id: 0 });
  const up = event(port, "up");
  await vpp.configure(
    `create memif socket id 1 filename ${socket}`,
    "create interface memif socket-id 1 id 0 master",
    "set interface ip address memif1/0 10.9.0.1/24",
    "set interface ip address memif1/0 2001:db8:9::1/64",
    "set interface state memif1/0 up",
    "create sub-interfaces memif1/0 100",
    "set interface ip address memif1/0.100 10.9.1.1/24",
    "set interface ip address memif1/0.100 2001:db8:91::1/64",
    "set interface state memif1/0.100 up",
  );
  await up;
  const addresses = ["10.9.0.2/24", "2001:db8:9::2/64", "10.9.1.2/24", "2001:db8:91::2/64"];
  const responder = Responder.on(port, { mac: OUR_MAC, ipAddresses: addresses, announce: false });
  const others: number[] = [];
  responder.receive((batch) => others.push(batch.length));
  for (const address of addresses) {
    // The first packet makes VPP ask for the neighbor.
    await vpp.cli(`ping ${address.split("/")[0]} repeat 1`);
    t.is(await pings(vpp, address.split("/")[0]!, 3), 3, address);
  }
  const neighbors = await vpp.cli("show ip neighbors");
  for (const address of addresses) t.true(neighbors.includes(address.split("/")[0]!), address);
  const { arp, nd, ping, refused } = responder.stats();
  t.true(arp >= 2 && nd >= 2 && ping >= 12, JSON.stringify(responder.stats()));
  t.is(refused, 0);
});

async function open(t: ExecutionContext, vpp: RealVpp, request: CnfRequest, options: OpenPuntOptions = {}) {
  const { directory } = vpp;
  const punt = await openPunt(request, {
    daemon: false,
    vppSocket: vpp.apiSocket,
    socketDirectory: `${directory}/sockets`,
    manager: { memifDirectory: `${directory}/memif` },
    ...options,
  });
  t.teardown(() => punt.close());
  return punt;
}

const DHCP: CnfRequest = { cnf: "dhcp", type: "DHCP_PROXY", interconnect: "MEMIF", vrf: 0 };

/** Both address families of the interconnect: with their prefix lengths cut off. */
function addressesOf(punt: OpenPunt): string[] {
  const [interconnect] = punt.status.punt!.metadata.interconnects;
  return interconnect!.cnfInterface!.addresses.map((address) => address.split("/")[0]!);
}

real("openPunt: VPP pings a DHCP server behind a memif, also after VPP's restart", async (t) => {
  const vpp = await vppOf(t);
  const punt = await open(t, vpp, DHCP, { answer: ["arp", "nd", "ping"] });
  for (const life of ["first", "second"]) {
    await punt.ready({ timeout: 30_000 });
    for (const address of addressesOf(punt)) t.is(await pings(vpp, address, 3), 3, `${life} ${address}`);
    if (life === "first") await vpp.restart();
  }
  t.true(punt.stats().answers[0]!.ping >= 3, JSON.stringify(punt.stats().answers));
});

need("root", "vpp", "hosts").test.serial("ABX: hosts beyond VPP get the answers to their pings", async (t) => {
  const vpp = await vppOf(t);
  const network = new Network(vpp);
  t.teardown(() => network.abandon());
  const { host, vppInterface } = await network.neighbor("10.9.3");
  const request = { cnf: "fw", type: "ABX", interconnect: "MEMIF", vppInterface } as const;
  const punt = await open(t, vpp, { ...request, ingressAclRules: [{ protocol: "ICMP" }] }, { answer: ["ping"] });
  await punt.ready({ timeout: 30_000 });
  t.is(await host.ping("10.9.3.1"), 3);
  t.is(punt.stats().answers[0]!.ping, 3);
});

real("openPunt: without the option nothing is answered", async (t) => {
  const vpp = await vppOf(t);
  const punt = await open(t, vpp, DHCP);
  await punt.ready({ timeout: 30_000 });
  t.is(await pings(vpp, addressesOf(punt)[0]!, 1), 0);
  t.deepEqual(punt.stats().answers, [undefined]);
});
