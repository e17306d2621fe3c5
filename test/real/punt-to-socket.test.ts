// PUNT_TO_SOCKET: a DNS client asks VPP's address, and a CNF in Node.js answers through the punt socket.
import { join } from "node:path";
import { PuntAction, PuntInjector, PuntSocket } from "../../lib/punt-socket/index.js";
import { answerDns } from "../support/machine/dns.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { everyInterface, Scenario } from "../support/vpp/scenario.js";

const real = need("root", "vpp", "hosts", "dig").test.serial;
const onVpp = need("root", "vpp").test.serial;
const toDns = { type: "PUNT_TO_SOCKET", cnf: "dns", toHost: { af: "IPV4", protocol: "UDP", port: 53 } } as const;

real("dig is answered by Node.js: frames out of the interface they came from (AF_UNIX)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp, client } = scenario;
  const { host, vppInterface: name } = await network.neighbor("10.7.0");
  const interfaces = await client.dumpAll("sw_interface_dump", everyInterface);
  const swIfIndex = interfaces.find((it) => it.interface_name === name)!.sw_if_index;

  const socketPath = join(vpp.directory, "dns.sock");
  const injector = PuntInjector.open({ vppPath: vpp.puntSocket, knownInterfaces: new Set([swIfIndex]) });
  let queries = 0;
  const socket = PuntSocket.open({
    path: socketPath,
    vppPath: vpp.puntSocket,
    onBatch: (batch) => {
      for (let i = 0; i < batch.length; i++) {
        queries++;
        injector.inject(PuntAction.L2, batch.swIfIndex(i), answerDns(batch.view(i), [192, 0, 2, queries]));
      }
    },
  });
  t.teardown(() => {
    for (const it of [socket, injector]) it.close();
  });
  const punt = await scenario.add({ ...toDns, socketPath });
  t.is((punt.metadata.interconnects[0]!.attachment as { vppPath?: string }).vppPath, vpp.puntSocket);

  for (const [index, name] of ["one.example", "two.example", "three.example"].entries()) {
    const answer = await host.run("dig", "+short", "+tries=2", "+timeout=3", "@10.7.0.1", name);
    t.is(answer.trim(), `192.0.2.${index + 1}`);
  }
  t.is(socket.stats().packets, 3);
  await scenario.manager.delete(punt.id);
  await t.throwsAsync(host.run("dig", "+short", "+tries=1", "+timeout=1", "@10.7.0.1", "four.example"));
  t.is(queries, 3);
});

real("dig is answered by Node.js: packets that VPP routes (AF_UNIX)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp } = scenario;
  const { host } = await network.neighbor("10.7.1");
  const socketPath = join(vpp.directory, "dns.sock");
  const socket = PuntSocket.open({ path: socketPath, vppPath: vpp.puntSocket });
  const injector = PuntInjector.open({
    vppPath: vpp.puntSocket,
    knownInterfaces: () => true,
  });
  t.teardown(() => {
    for (const it of [socket, injector]) it.close();
  });
  await scenario.add({ ...toDns, socketPath });

  const asked = host.run("dig", "+short", "+tries=2", "+timeout=3", "@10.7.1.1", "routed.example");
  await until("the query", () =>
    socket.poll((batch) => {
      const reply = answerDns(batch.view(0), [192, 0, 2, 77]);
      injector.inject(PuntAction.IP4_ROUTED, batch.swIfIndex(0), reply.subarray(14));
    }),
  );
  t.is((await asked).trim(), "192.0.2.77");
});

real("the packets of a protocol VPP does not know reach Node.js (AF_UNIX, OSPF)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp } = scenario;
  const { host } = await network.neighbor("10.7.2");
  const socketPath = join(vpp.directory, "ospf.sock");
  const socket = PuntSocket.open({ path: socketPath, vppPath: vpp.puntSocket });
  t.teardown(() => socket.close());
  await scenario.add({ type: "PUNT_TO_SOCKET", cnf: "ospf", ipProto: { af: "IPV4", protocol: "OSPF" }, socketPath });
  // Any 20 bytes do, because VPP checks only the number of the protocol.
  const send =
    "import socket;s=socket.socket(socket.AF_INET,socket.SOCK_RAW,89);s.sendto(b'0123456789abcdefghij',('10.7.2.1',0))";
  await host.run("python3", "-c", send);
  const protocols: number[] = [];
  await until("the packet", () => socket.poll((batch) => protocols.push(batch.u8(0, 23))));
  t.deepEqual(protocols, [89]);
});

real("a UDP port that VPP handles itself stays VPP's, also if VPP takes it after the punt (AF_UNIX)", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp, client, manager } = scenario;
  const { vppInterface } = await network.neighbor("10.7.3");
  const punt = (cnf: string, port: number) => ({
    ...({ type: "PUNT_TO_SOCKET", cnf, socketPath: join(vpp.directory, `${cnf}.sock`) } as const),
    toHost: { af: "IPV4", protocol: "UDP", port } as const,
  });
  await t.throwsAsync(manager.add(punt("esp", 4500)), { code: "ERR_CONFLICT", message: /ipsec4-tun-input.*force/ });
  await manager.delete({ cnf: "esp" });

  await scenario.add(punt("dhcp", 68));
  await vpp.cli(`set dhcp client intfc ${vppInterface}`);
  await manager.resync();
  const [status] = manager.list();
  t.is(status?.state, "DEGRADED");
  t.deepEqual(
    status?.reasons.map(({ code }) => code),
    ["PORT_TAKEN"],
  );
  await manager.delete({ cnf: "dhcp" });
  t.regex(await vpp.cli("show udp ports"), /68.*dhcp-proxy-to-client/);
  t.regex(await vpp.cli("show udp ports"), /4500.*ipsec4-tun-input/);

  // VPP never gives the port up again, so the registration without effect would stay.
  await vpp.cli(`set dhcp client intfc ${vppInterface} del`);
  const l4 = { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: 68 } as const;
  await client.call("punt_socket_deregister", { punt: { type: "PUNT_API_TYPE_L4", punt: { l4 } } });
});

onVpp("IP protocols that VPP handles itself stay VPP's, also if VPP takes one after the punt (AF_UNIX)", async (t) => {
  const scenario = await Scenario.start(t);
  const { vpp, client, manager } = scenario;
  const lists = async () => `${await vpp.cli("show ip local")}${await vpp.cli("show ip6 local")}`;
  const before = await lists();
  const punt = (protocol: number, af: "IPV4" | "IPV6") => ({
    ...({ type: "PUNT_TO_SOCKET", cnf: "proto", socketPath: join(vpp.directory, "proto.sock") } as const),
    ipProto: { af, protocol } as const,
  });
  const ofVpp = before.includes("IPSEC_ESP")
    ? ([
        [50, "IPV4"],
        [50, "IPV6"],
        [44, "IPV6"],
      ] as const)
    : ([] as const);
  for (const [protocol, af] of ofVpp) {
    if (af === "IPV6" && !before.includes(`\n${protocol}: `)) continue;
    await t.throwsAsync(manager.add(punt(protocol, af)), { code: "ERR_CONFLICT", message: /VPP handles .*force/ });
    await manager.delete({ cnf: "proto" });
  }
  t.is(await lists(), before);
  for (const protocol of [2, 8, 46, 103, 136]) {
    const { id } = await scenario.add(punt(protocol, "IPV4"));
    t.is((await manager.plan()).toString(), "nothing to do");
    await manager.delete(id);
  }
  await scenario.add(punt(4, "IPV4"));
  await vpp.cli("create ipip tunnel src 10.0.0.1 dst 10.0.0.2");
  const interfaces = await client.dumpAll("sw_interface_dump", everyInterface);
  const tunnel = interfaces.find((it) => it.interface_name === "ipip0");
  // From 26.10 on, tunnels are of a plugin, which this VPP may lack.
  if (tunnel === undefined) return t.log("this VPP makes no ipip tunnel");
  await manager.resync();
  t.deepEqual(
    manager.list().flatMap(({ reasons }) => reasons.map(({ code }) => code)),
    ["PROTOCOL_TAKEN"],
  );
  await manager.delete({ cnf: "proto" });
  t.regex(await vpp.cli("show ip local"), /IP_IN_IP: ipip4-input/);
  await vpp.cli(`delete ipip tunnel sw_if_index ${tunnel.sw_if_index}`);
  const ip_proto = { af: "ADDRESS_IP4", protocol: 4 } as const;
  await client.call("punt_socket_deregister", { punt: { type: "PUNT_API_TYPE_IP_PROTO", punt: { ip_proto } } });
});
