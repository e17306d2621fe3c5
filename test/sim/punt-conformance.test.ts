// The same packets to punt sockets of the embedded VPP and of a real one: the same packets in the client's hands.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeFrame } from "../../lib/packet/index.js";
import { PuntSocket } from "../../lib/punt-socket/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { runCase } from "../support/conformance/run.js";
import { address, l4, neighbor, proto, register } from "../support/conformance/steps.js";
import { VethWires, VPP_MACS } from "../support/conformance/wires.js";
import { echoRequest, frame, icmpPacket, ipPacket, udpPacket } from "../support/frames.js";
import { need } from "../support/need.js";
import { ApiClient } from "../support/vpp/api-client.js";
import { RealVpp } from "../support/vpp/real.js";

const toVpp = { from: "02:aa:00:00:00:01", to: VPP_MACS[0] };
const ends4 = { from: "10.0.0.2", to: "10.0.0.1" };
const ends6 = { from: "fd00::2", to: "fd00::1" };

function withOptions(packet: Buffer): Buffer {
  const longer = Buffer.concat([packet.subarray(0, 20), Buffer.from([1, 1, 1, 1]), packet.subarray(20)]);
  longer[0] = 0x46;
  longer.writeUInt16BE(longer.length, 2);
  longer.writeUInt16BE(longer.readUInt16BE(10) - 0x0100 - 4 - 0x0202, 10);
  return longer;
}

const udp6 = udpPacket(ends6, [1005, 130]).subarray(40);
const behind = (extension: number) =>
  ipPacket(ends6, extension, Buffer.concat([Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]), udp6]));
const unchecked = udpPacket(ends6, [1006, 130]);
unchecked.writeUInt16BE(0, 46);
const packets = [
  frame(toVpp, udpPacket(ends4, [1000, 53])),
  frame(toVpp, withOptions(udpPacket(ends4, [1001, 53]))),
  frame(toVpp, udpPacket(ends4, [1002, 54])),
  frame(toVpp, udpPacket({ ...ends4, to: "10.0.0.7" }, [1003, 53])),
  frame(toVpp, udpPacket(ends6, [1004, 130])),
  frame(toVpp, icmpPacket(ends6, 130, 0, Buffer.alloc(20, 1))),
  frame(toVpp, echoRequest(ends6)),
  frame(toVpp, ipPacket(ends4, 89, Buffer.alloc(44, 3))),
  frame(
    { ...toVpp, to: "01:00:5e:00:00:05" },
    ipPacket({ ...ends4, to: "224.0.0.5", ttl: 1 }, 89, Buffer.alloc(44, 4)),
  ),
  frame(
    { ...toVpp, to: "01:00:5e:00:00:01" },
    ipPacket({ ...ends4, to: "224.0.0.1", ttl: 1 }, 89, Buffer.alloc(44, 5)),
  ),
  frame(toVpp, ipPacket({ ...ends4, ttl: 0 }, 89, Buffer.alloc(44, 6))),
  ...[0, 43, 60].map((extension) => frame(toVpp, behind(extension))),
  frame(toVpp, unchecked),
];

async function punted(apiSocket: string, puntSocket: string, directory: string): Promise<string[]> {
  const api = await ApiClient.connect(apiSocket);
  const wires = await VethWires.connect(api);
  const seen: string[] = [];
  const socket = PuntSocket.open({
    path: join(directory, "client"),
    vppPath: puntSocket,
    onWarning: () => undefined,
    onBatch: (batch) => {
      for (let i = 0; i < batch.length; i++) {
        seen.push(`interface ${batch.swIfIndex(i)}: ${Buffer.from(batch.copy(i)).toString("hex")}`);
      }
    },
  });
  const steps = [
    address(1, "10.0.0.1/24"),
    address(1, "fd00::1/64"),
    neighbor(true, 1, "fd00::2"),
    register(l4("UDP", 53), socket.path),
    register(l4("UDP", 130, "ADDRESS_IP6"), socket.path),
    register(l4("ICMP6", 130, "ADDRESS_IP6"), socket.path),
    register(proto("OSPF"), socket.path),
  ];
  try {
    await runCase(api, { title: "punt", steps });
    for (const packet of packets) await wires.exchange(0, packet);
    await sleep(50);
    return seen;
  } finally {
    socket.close();
    wires.close();
    api.close();
  }
}

need("vpp>=26.06", "root").test.serial(
  "punt sockets of the embedded and of the real VPP are given the same packets",
  async (t) => {
    const real = new RealVpp();
    t.teardown(() => real.stop());
    await real.start();
    await using embedded = await EmbeddedVpp.start({ host: "linux" });
    const ours = await punted(embedded.apiSocket, embedded.puntSocket!, embedded.directory);
    const theirs = await punted(real.apiSocket, real.puntSocket, real.directory);
    t.deepEqual(ours, theirs, packets.map((packet, i) => `${i}: ${describeFrame(packet)}`).join("\n"));
    t.true(ours.length > 0);
  },
);
