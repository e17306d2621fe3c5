// A VPP whose interfaces have IPv6 addresses only: each punt is CREATED, and its packets reach the program and come back.
import test, { type ExecutionContext } from "ava";
import { type TestPunt, type TestPuntRequest, testPunt } from "../../lib/testing/index.js";
import { frame, icmpPacket, ip, ipPacket, isis, neighborSolicitation, parseIp, udpPacket } from "../support/frames.js";

const NEIGHBOR = { mac: "02:00:00:00:00:02", address: "2001:db8:0:1::2" };
const OWN = "2001:db8:0:1::1";
const TO_VPP = { from: NEIGHBOR.address, to: OWN };

/** Interfaces that are up and have no IPv4 address. */
const ONLY_IPV6 = {
  interfaces: ["eth0", "eth1"],
  exec: ["eth0", "eth1"].flatMap((name, index) => [
    `set interface state ${name} up`,
    `set interface ip address ${name} 2001:db8:0:${index + 1}::1/64`,
  ]),
};

async function opened(t: ExecutionContext, request: TestPuntRequest): Promise<TestPunt> {
  const punt = await testPunt(request, { sim: ONLY_IPV6 });
  t.teardown(() => punt.close());
  t.is(punt.punt.state, "CREATED");
  return punt;
}

async function macOf(punt: TestPunt, name: string): Promise<string> {
  return (await punt.sim.interfaces()).find((it) => it.name === name)!.mac!;
}

/** Frames that leave VPP by an interface, from now on, as soon as there is one. */
function leaving(punt: TestPunt, name: string): Promise<Buffer> {
  return new Promise((resolve) => {
    punt.sim.interface(name).once("tx", (bytes: Uint8Array) => resolve(Buffer.from(bytes)));
  });
}

const TARGETS: Readonly<Record<string, [request: object, packet: Buffer]>> = {
  "a UDP port": [{ toHost: { af: "IPV6", protocol: "UDP", port: 53 } }, udpPacket(TO_VPP, [4000, 53], "question")],
  "a UDP port of both families": [
    { toHost: { af: "BOTH", protocol: "UDP", port: 53 } },
    udpPacket(TO_VPP, [4000, 53], "question"),
  ],
  "an IP protocol": [{ ipProto: { af: "IPV6", protocol: 46 } }, ipPacket(TO_VPP, 46, Buffer.from("a path of RSVP"))],
  "an ICMPv6 type": [
    { toHost: { af: "IPV6", protocol: "ICMPv6", port: 140 } },
    icmpPacket(TO_VPP, 140, 0, Buffer.alloc(12)),
  ],
};

for (const [what, [target, packet]] of Object.entries(TARGETS))
  test(`PUNT_TO_SOCKET of ${what}`, async (t) => {
    const punt = await opened(t, { type: "PUNT_TO_SOCKET", ...target } as TestPuntRequest);
    punt.sim.interface("eth0").inject(frame({ from: NEIGHBOR.mac, to: await macOf(punt, "eth0") }, packet));
    const [punted] = await punt.received();
    t.deepEqual(Buffer.from(punted!).subarray(14 + 40), packet.subarray(40));
    t.deepEqual(parseIp(Buffer.from(punted!)).source, ip(NEIGHBOR.address));
  });

for (const interconnect of ["MEMIF", "TAP"] as const) {
  test(`ABX with rules of IPv6 (${interconnect}): packets of the rules reach the program, others VPP, and its multicast leaves`, async (t) => {
    const punt = await opened(t, {
      type: "ABX",
      interconnect,
      vppInterface: "eth0",
      ingressAclRules: [{ destinationNetwork: "local", protocol: "UDP", destinationPort: 123 }],
      egressAclRules: [{ destinationNetwork: "ff02::/16", protocol: "OSPF" }],
    });
    const link = { from: NEIGHBOR.mac, to: await macOf(punt, "eth0") };
    const question = frame(link, udpPacket(TO_VPP, [4000, 123], "time?"));
    const advertised = leaving(punt, "eth0");
    punt.sim.interface("eth0").inject(frame(link, neighborSolicitation(TO_VPP, OWN, NEIGHBOR.mac)));
    t.deepEqual(parseIp(await advertised).source, ip(OWN), "VPP itself answers");
    punt.sim.interface("eth0").inject(question);
    const [received] = await punt.received();
    t.deepEqual(Buffer.from(received!).subarray(14), question.subarray(14));
    const hello = ipPacket({ from: "fe80::1", to: "ff02::5" }, 89, Buffer.from("hello"));
    const left = leaving(punt, "eth0");
    t.true(punt.send(frame({ from: link.to, to: "33:33:00:00:00:05" }, hello)));
    t.deepEqual((await left).subarray(14), hello);
  });

  test(`HAIRPIN with an address of IPv6 (${interconnect}): a solicitation and its answer go through the program`, async (t) => {
    const hairpinInterface = { name: "inner", ipAddresses: ["2001:db8:0:3::1/64"] };
    const punt = await opened(t, { type: "HAIRPIN", interconnect, vppInterface: "eth0", hairpinInterface });
    const [outside, inside] = punt.ends;
    const group = { from: "2001:db8:0:3::2", to: "ff02::1:ff00:1" };
    const asked = frame(
      { from: NEIGHBOR.mac, to: "33:33:ff:00:00:01" },
      neighborSolicitation(group, "2001:db8:0:3::1", NEIGHBOR.mac),
    );
    punt.sim.interface("eth0").inject(asked);
    const [came] = await outside!.received();
    t.deepEqual(Buffer.from(came!), asked);
    t.true(inside!.send(came!));
    const isAnswer = (bytes: Uint8Array) => parseIp(Buffer.from(bytes)).payload[0] === 136;
    let answer: Uint8Array | undefined;
    while (answer === undefined) answer = (await inside!.received()).find(isAnswer);
    t.deepEqual(parseIp(Buffer.from(answer)).source, ip("2001:db8:0:3::1"));
    const left = leaving(punt, "eth0");
    t.true(outside!.send(answer));
    t.deepEqual(await left, Buffer.from(answer));
  });

  test(`DHCP_PROXY of DHCPv6 (${interconnect}): the program gets the relayed message, and its reply goes to the client`, async (t) => {
    const punt = await opened(t, { type: "DHCP_PROXY", interconnect, vrf: 0, families: ["IPV6"] });
    const solicit = Buffer.from("01abcdef0001000a0003000102cc00000001", "hex");
    const client = { from: "fe80::cc", to: "ff02::1:2" };
    punt.sim
      .interface("eth0")
      .inject(frame({ from: NEIGHBOR.mac, to: "33:33:00:01:00:02" }, udpPacket(client, [546, 547], solicit)));
    const isRelayed = (bytes: Uint8Array) => {
      const { payload } = parseIp(Buffer.from(bytes));
      return payload.readUInt16BE(2) === 547;
    };
    let relayed: Uint8Array | undefined;
    while (relayed === undefined) relayed = (await punt.received()).find(isRelayed);
    const message = parseIp(Buffer.from(relayed)).payload.subarray(8);
    t.is(message[0], 12);
    t.deepEqual(message.subarray(2, 34), Buffer.concat([ip(OWN), ip("fe80::cc")]));
    t.true(message.includes(solicit));

    const { swIfIndex } = (await punt.sim.interfaces()).find(({ name }) => name === "eth0")!;
    const advertise = Buffer.from("02abcdef", "hex");
    const option = (code: number, data: Buffer) => Buffer.concat([Buffer.from([0, code, 0, data.length]), data]);
    const options = [option(18, Buffer.from([0, 0, 0, swIfIndex])), option(9, advertise)];
    const reply = Buffer.concat([Buffer.from([13, 0]), ip(OWN), ip("fe80::cc"), ...options]);
    const came = parseIp(Buffer.from(relayed));
    const [from, to] = [came.destination, came.source].map((bytes) => bytes.toString("hex").match(/.{4}/g)!.join(":"));
    const [program, vpp] = [relayed.subarray(0, 6), relayed.subarray(6, 12)].map((bytes) =>
      Buffer.from(bytes).toString("hex").match(/../g)!.join(":"),
    );
    const left = leaving(punt, "eth0");
    t.true(punt.send(frame({ from: program!, to: vpp! }, udpPacket({ from: from!, to: to! }, [547, 547], reply))));
    const back = parseIp(await left);
    t.deepEqual([back.destination, back.payload.subarray(8)], [ip("fe80::cc"), advertise]);
  });

  test(`SPAN and HAIRPIN_XCONNECT (${interconnect}): frames of IPv6 as they are`, async (t) => {
    const sent = frame({ from: NEIGHBOR.mac, to: "33:33:00:00:00:01" }, udpPacket(TO_VPP, [1, 2], "anything"));
    const span = await opened(t, { type: "SPAN", interconnect, vppInterface: "eth0" });
    span.sim.interface("eth0").inject(sent);
    t.deepEqual(Buffer.from((await span.received())[0]!), sent);
    const pair = { vppInterface1: "eth0", vppInterface2: "eth1" };
    const crossed = await opened(t, { type: "HAIRPIN_XCONNECT", interconnect, ...pair });
    const [first, second] = crossed.ends;
    crossed.sim.interface("eth0").inject(sent);
    t.deepEqual(Buffer.from((await first!.received())[0]!), sent);
    const left = leaving(crossed, "eth1");
    t.true(second!.send(sent));
    t.deepEqual(await left, sent);
  });

  test(`ISISX (${interconnect}): frames of IS-IS between hosts that speak IPv6 only`, async (t) => {
    const punt = await opened(t, { type: "ISISX", interconnect, vppInterface: "eth0" });
    const hello = isis(NEIGHBOR.mac);
    punt.sim.interface("eth0").inject(hello);
    t.deepEqual(Buffer.from((await punt.received())[0]!), hello);
    const left = leaving(punt, "eth0");
    t.true(punt.send(hello));
    t.deepEqual(await left, hello);
  });
}
