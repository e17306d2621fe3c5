// Packets that the embedded VPP punts, and takes from clients.
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { PuntAction, PuntInjector, PuntSocket } from "../../lib/punt-socket/index.js";
import {
  arp,
  echoRequest,
  frame,
  icmpPacket,
  ipPacket,
  neighborSolicitation,
  parseIp,
  udpPacket,
} from "../support/frames.js";
import { MAC, SimTest } from "../support/vpp/sim.js";

const toVpp = { from: MAC.host0, to: MAC.eth0 };

interface Punted {
  swIfIndex: number;
  bytes: Buffer;
}

/** A receiving socket in the VPP's folder, and what arrived on it. */
function listen(t: ExecutionContext, sim: SimTest, name: string) {
  const packets: Punted[] = [];
  let wake = () => {};
  const socket = PuntSocket.open({
    path: join(sim.vpp.directory, name),
    vppPath: sim.vpp.puntSocket!,
    onWarning: () => undefined,
    onBatch: (batch) => {
      for (let i = 0; i < batch.length; i++)
        packets.push({ swIfIndex: batch.swIfIndex(i), bytes: Buffer.from(batch.copy(i)) });
      wake();
    },
  });
  t.teardown(() => socket.close());
  const until = async (count: number) => {
    while (packets.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return packets;
  };
  return { path: socket.path, packets, until };
}

const l4 = (af: string, protocol: string, port: number) => ({
  type: "PUNT_API_TYPE_L4",
  punt: { l4: { af, protocol: `IP_API_PROTO_${protocol}`, port } },
});

async function punting(t: ExecutionContext) {
  // With linux-cp there would be no ICMP errors for unknown ports.
  const sim = await SimTest.start(t, { withoutPlugins: ["linux_cp"] });
  await sim.up("eth0", "10.0.0.1/24", "fd00::1/64");
  await sim.up("eth1", "10.1.0.1/24");
  const register = (punt: object, pathname: string) =>
    sim.ok("punt_socket_register", { header_version: 1, punt, pathname });
  return { sim, register };
}

test("UDP: the frame as it came, with the interface it came in on", async (t) => {
  const { sim, register } = await punting(t);
  const dns = listen(t, sim, "dns");
  await register(l4("ADDRESS_IP4", "UDP", 53), dns.path);
  const sent = frame(toVpp, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [4000, 53], "question"));
  t.deepEqual(sim.through("eth0", sent), [], "no error goes back");
  const [packet] = await dns.until(1);
  t.is(packet!.swIfIndex, sim.index("eth0"));
  t.deepEqual(packet!.bytes, sent);
  t.is(await sim.count("ip4-udp-punt-socket", "Socket TX"), 1);
  sim.through("eth0", frame(toVpp, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [53, 54])));
  await sim.ok("punt_socket_deregister", { punt: l4("ADDRESS_IP4", "UDP", 53) });
  t.is(sim.through("eth0", sent).length, 1, "port unreachable");
  t.is(dns.packets.length, 1);
});

test("VPP takes UDP behind IP options for no client", async (t) => {
  const { sim, register } = await punting(t);
  const dns = listen(t, sim, "dns");
  await register(l4("ADDRESS_IP4", "UDP", 53), dns.path);
  const plain = udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [4000, 53]);
  const options = Buffer.concat([plain.subarray(0, 20), Buffer.from([1, 1, 1, 1]), plain.subarray(20)]);
  options[0] = 0x46;
  options.writeUInt16BE(options.length, 2);
  sim.through("eth0", frame(toVpp, options));
  t.is(await sim.count("ip4-input", "ip4 options present"), 1);
});

test("ICMPv6 by type, IP protocols, and exceptions", async (t) => {
  const { sim, register } = await punting(t);
  const ospf = listen(t, sim, "ospf");
  const echo = listen(t, sim, "echo");
  const esp = listen(t, sim, "esp");
  const ospfV4 = {
    type: "PUNT_API_TYPE_IP_PROTO",
    punt: { ip_proto: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_OSPF" } },
  };
  await register(ospfV4, ospf.path);
  await register(l4("ADDRESS_IP6", "ICMP6", 128), echo.path);
  const [reason] = await sim.api.dump("punt_reason_dump", { reason: { id: 0, name: "ipsec4-no-such-tunnel" } });
  const { id } = reason!.reason as { id: number };
  await register({ type: "PUNT_API_TYPE_EXCEPTION", punt: { exception: { id } } }, esp.path);

  const hello = frame(toVpp, ipPacket({ from: "10.0.0.2", to: "10.0.0.1" }, 89, Buffer.alloc(44, 7)));
  const ping = frame(toVpp, echoRequest({ from: "fd00::2", to: "fd00::1" }));
  const espPacket = frame(toVpp, ipPacket({ from: "10.0.0.2", to: "10.0.0.1" }, 50, Buffer.alloc(32, 1)));
  t.deepEqual(sim.through("eth0", [hello, ping, espPacket]), []);
  t.deepEqual((await ospf.until(1))[0]!.bytes, hello);
  t.deepEqual((await echo.until(1))[0]!.bytes, ping);
  t.deepEqual((await esp.until(1))[0]!.bytes, espPacket);
  const solicitation = neighborSolicitation({ from: "fd00::2", to: "fd00::1" }, "fd00::1", MAC.host0);
  t.is(sim.through("eth0", frame(toVpp, solicitation)).length, 1, "other types stay VPP's");
});

test("a punt socket of ICMP or UDP takes VPP's own handler away, and the end of it gives nothing back", async (t) => {
  const { sim, register } = await punting(t);
  const socket = listen(t, sim, "taken");
  const proto = (protocol: string) => ({
    type: "PUNT_API_TYPE_IP_PROTO",
    punt: { ip_proto: { af: "ADDRESS_IP4", protocol: `IP_API_PROTO_${protocol}` } },
  });
  await sim.ok("ip_neighbor_add_del", {
    is_add: true,
    neighbor: { sw_if_index: 1, flags: [], mac_address: MAC.host0, ip_address: "10.0.0.2" },
  });
  const ping = frame(toVpp, echoRequest({ from: "10.0.0.2", to: "10.0.0.1" }));
  t.is(sim.through("eth0", ping).length, 1);
  await register(proto("ICMP"), socket.path);
  t.is(sim.through("eth0", ping).length, 0);
  await sim.ok("punt_socket_deregister", { punt: proto("ICMP") });
  t.is(sim.through("eth0", ping).length, 0, "VPP answers no ping any more");

  await register(proto("UDP"), socket.path);
  await sim.ok("punt_socket_deregister", { punt: proto("UDP") });
  await register(l4("ADDRESS_IP4", "UDP", 4000), socket.path);
  await socket.until(1);
  const before = socket.packets.length;
  sim.through("eth0", frame(toVpp, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [1, 4000])));
  t.is(socket.packets.length, before);
  t.is(await sim.count("ip4-udp-punt-socket", "Socket TX"), 1, "the ping; no UDP port is reached any more");
});

test("VPP punts a multicast group once it accepts the group", async (t) => {
  const { sim, register } = await punting(t);
  const ospf = listen(t, sim, "ospf");
  await register(
    { type: "PUNT_API_TYPE_IP_PROTO", punt: { ip_proto: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_OSPF" } } },
    ospf.path,
  );
  const hello = frame(
    { from: MAC.host0, to: "01:00:5e:00:00:05" },
    ipPacket({ from: "10.0.0.2", to: "224.0.0.5", ttl: 1 }, 89, Buffer.alloc(44)),
  );
  sim.through("eth0", hello);
  t.is(await sim.count("ip4-mfib-forward-lookup", "no group entry"), 1);
  await sim.ok("cli_inband", { cmd: "ip mroute add 224.0.0.5 via eth0 Accept" });
  await sim.ok("cli_inband", { cmd: "ip mroute add 224.0.0.5 via local Forward" });
  sim.through("eth0", hello);
  t.deepEqual((await ospf.until(1))[0]!.bytes, hello);
});

test("UDPv6 port N and ICMPv6 type N share a key: the later registration has both", async (t) => {
  const { sim, register } = await punting(t);
  const first = listen(t, sim, "first");
  const second = listen(t, sim, "second");
  await register(l4("ADDRESS_IP6", "UDP", 130), first.path);
  await register(l4("ADDRESS_IP6", "ICMP6", 130), second.path);
  sim.through("eth0", frame(toVpp, udpPacket({ from: "fd00::2", to: "fd00::1" }, [1, 130])));
  sim.through("eth0", frame(toVpp, icmpPacket({ from: "fd00::2", to: "fd00::1" }, 130, 0, Buffer.alloc(24))));
  await second.until(2);
  t.is(first.packets.length, 0);
});

test("packets that a client's socket does not take are lost and counted, and never sent again", async (t) => {
  const { sim, register } = await punting(t);
  await register(l4("ADDRESS_IP4", "UDP", 53), join(sim.vpp.directory, "nobody"));
  const packet = frame(toVpp, udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [1, 53]));
  sim.through("eth0", [packet, packet, packet]);
  t.is(await sim.count("ip4-udp-punt-socket", "Socket TX error"), 3);
  t.is(await sim.count("ip4-udp-punt-socket", "Socket TX"), 0);
});

test("injection: out of an interface as a frame, and routed as a packet", async (t) => {
  const { sim } = await punting(t);
  sim.through("eth1", arp(1, [MAC.host1, "10.1.0.2"], ["00:00:00:00:00:00", "10.1.0.1"]));
  const wire = sim.vpp.interface("eth1");
  wire.transmitted();
  const left = (count: number) =>
    new Promise<Buffer[]>((resolve) => {
      const frames: Buffer[] = [];
      const onTx = (bytes: Uint8Array) => {
        if (frames.push(Buffer.from(bytes)) < count) return;
        wire.off("tx", onTx);
        resolve(frames);
      };
      wire.on("tx", onTx);
    });
  const injector = PuntInjector.open({ vppPath: sim.vpp.puntSocket!, knownInterfaces: () => true });
  t.teardown(() => injector.close());
  const frames = left(2);
  const raw = frame({ from: MAC.eth1, to: MAC.host1 }, udpPacket({ from: "10.1.0.1", to: "10.1.0.2" }, [1, 2]));
  const routed = udpPacket({ from: "10.0.0.1", to: "10.1.0.2", ttl: 64 }, [3, 4]);
  injector.inject(PuntAction.L2, sim.index("eth1"), raw);
  injector.inject(PuntAction.IP4_ROUTED, sim.index("eth0"), routed);
  const [first, second] = await frames;
  t.deepEqual(first, raw);
  t.is(parseIp(second!).ttl, 64, "VPP's own packets lose no hop");
  t.deepEqual(second!.subarray(14), routed);
});
