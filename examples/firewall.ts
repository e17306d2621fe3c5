// A firewall between two interfaces: everything passes through this program, which drops telnet.
import { setTimeout as sleep } from "node:timers/promises";
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

// Here VPP is an embedded one. With a real VPP, leave out `vpp`: see docs/daemon.md.
await using vpp = await EmbeddedVpp.start({
  interfaces: ["lan", "wan"],
  exec: ["set interface state lan up", "set interface state wan up"],
});

const TELNET = 23;
const counts = { passed: 0, dropped: 0 };

await using wire = await openPunt(
  { cnf: "firewall", type: "HAIRPIN_XCONNECT", interconnect: "MEMIF", vppInterface1: "lan", vppInterface2: "wan" },
  { vpp },
);
// Interconnect 0 is the side of lan, 1 that of wan: a frame leaves on the other side.
wire.receive((batch, interconnect) => {
  for (let i = 0; i < batch.length; i++) {
    const frame = batch.view(i);
    if (isTcpTo(frame, TELNET)) counts.dropped++;
    else if (wire.send(frame, { interconnect: 1 - interconnect })) counts.passed++;
  }
});
await wire.ready({ timeout: 10_000 });

// The embedded VPP learns of a connection a little later than the CNF.
do await sleep(1);
while (!(await vpp.interfaces()).slice(1).every(({ linkUp }) => linkUp));
const left = new Promise<void>((resolve) => {
  let frames = 0;
  vpp.interface("wan").on("tx", () => {
    if (++frames === 2) resolve();
  });
});
vpp.interface("lan").inject([tcp(443), tcp(TELNET), tcp(22)]);
await left;
console.log(`${counts.passed} frames passed, ${counts.dropped} dropped`);

/** Whether a frame is TCP over IPv4 to a port. */
function isTcpTo(frame: Uint8Array, port: number): boolean {
  if (frame.length < 38 || frame[12] !== 8 || frame[13] !== 0 || frame[23] !== 6) return false;
  const at = 14 + (frame[14]! & 15) * 4;
  return ((frame[at + 2]! << 8) | frame[at + 3]!) === port;
}

/** A frame with the beginning of a TCP segment. */
function tcp(port: number): Uint8Array {
  const frame = new Uint8Array(64);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6]);
  frame.set([10, 0, 0, 2, 10, 0, 0, 1, 0x30, 0x39, port >> 8, port & 0xff], 26);
  return frame;
}
