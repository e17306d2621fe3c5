// A firewall between two interfaces: native code drops telnet and passes known flows, and this program decides about the first frame of
// each other flow.
import { setTimeout as sleep } from "node:timers/promises";
import { FlowTable, type ForwardHandler, forward, PacketFilter, PacketRules } from "vpp-punt";
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

// Here VPP is an embedded one. With a real VPP, leave out `vpp`: see docs/daemon.md.
await using vpp = await EmbeddedVpp.start({
  interfaces: ["lan", "wan"],
  exec: ["set interface state lan up", "set interface state wan up"],
});

await using wire = await openPunt(
  { cnf: "firewall", type: "HAIRPIN_XCONNECT", interconnect: "MEMIF", vppInterface1: "lan", vppInterface2: "wan" },
  { vpp },
);
await wire.ready({ timeout: 10_000 });
const [lan, wan] = wire.ports;
if (lan?.kind !== "memif" || wan?.kind !== "memif") throw new Error("the interconnects are not memifs");

// `tcpdump -ddd "tcp dst port 23"` has printed this. With libpcap: PacketFilter.compile("tcp dst port 23").
const telnet = PacketFilter.parse(`16
40 0 0 12
21 0 4 34525
48 0 0 20
21 0 11 6
40 0 0 56
21 8 9 23
21 0 8 2048
48 0 0 23
21 0 6 6
40 0 0 20
69 4 0 8191
177 0 0 14
72 0 0 16
21 0 1 23
6 0 0 262144
6 0 0 0`);
const known = new FlowTable({ capacity: 100_000 });
const rules = new PacketRules([
  { match: telnet, action: "drop" },
  { match: known, action: "pass" },
  { action: "deliver" },
]);
const decide: ForwardHandler = (batch) => {
  for (let i = 0; i < batch.length; i++) if (known.learn(batch, i)) known.learnReverse(batch, i);
};
const forwarder = forward(lan.memif, wan.memif, decide, { filter: rules });

// With a real VPP, `await once(process, "SIGTERM")` stands here in place of what follows: `wire` is closed where the program ends.

// The ports connect again, for a memory that both have. The embedded VPP learns of a connection a little later than the CNF.
await sleep(100);
while (!(await vpp.interfaces()).slice(1).every(({ linkUp }) => linkUp)) await sleep(1);
const left = new Promise<void>((resolve) => {
  let frames = 0;
  vpp.interface("wan").on("tx", () => {
    if (++frames === 2) resolve();
  });
});
vpp.interface("lan").inject([tcp(443), tcp(23), tcp(22)]);
await left;
const { passed, filtered } = forwarder.stats().ab;
console.log(`${passed} frames passed, ${filtered} dropped`);

/** A frame with the beginning of a TCP segment. */
function tcp(port: number): Uint8Array {
  const frame = new Uint8Array(64);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6]);
  frame.set([10, 0, 0, 2, 10, 0, 0, 1, 0x30, 0x39, port >> 8, port & 0xff], 26);
  return frame;
}
