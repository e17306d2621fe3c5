// Watches ARP and IPv6 neighbor discovery on an interface, and says when an address moves to another MAC address.
import { setTimeout as sleep } from "node:timers/promises";
import { describeFrame } from "vpp-punt";
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

// Here VPP is an embedded one. With a real VPP, leave out `vpp`: see docs/daemon.md.
await using vpp = await EmbeddedVpp.start({ interfaces: ["eth0"], exec: ["set interface state eth0 up"] });

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Returns the address and the MAC address that a frame announces: the sender of an ARP, the target of a neighbor advertisement. */
function announced(frame: Uint8Array): { address: string; mac: string } | undefined {
  const type = (frame[12]! << 8) | frame[13]!;
  if (type === 0x0806) return { address: frame.subarray(28, 32).join("."), mac: hex(frame.subarray(22, 28)) };
  const isAdvertisement = type === 0x86dd && frame[20] === 58 && frame[54] === 136;
  return isAdvertisement ? { address: hex(frame.subarray(62, 78)), mac: hex(frame.subarray(6, 12)) } : undefined;
}

await using span = await openPunt(
  { cnf: "neighbors", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0", direction: "rx" },
  { vpp },
);
await span.ready({ timeout: 10_000 });
// The embedded VPP learns of a connection a little later than the CNF.
do await sleep(1);
while (!(await vpp.interfaces()).slice(1).every(({ linkUp }) => linkUp));
vpp.interface("eth0").inject([arp(2, 0xaa), arp(3, 0xbb), advertisement(0xaa), arp(2, 0xcc)]);

const neighbors = new Map<string, string>();
for await (const { frame } of span.packets()) {
  const neighbor = announced(frame);
  if (neighbor === undefined) continue;
  const known = neighbors.get(neighbor.address);
  neighbors.set(neighbor.address, neighbor.mac);
  console.log(describeFrame(frame));
  if (known !== undefined && known !== neighbor.mac) {
    console.log(`${neighbor.address} has moved from ${known} to ${neighbor.mac}`);
    break;
  }
}

/** A station says who it is: 10.0.0.<host> at 02:00:00:00:00:<mac>. */
function arp(host: number, mac: number): Uint8Array {
  const station = [2, 0, 0, 0, 0, mac];
  const head = [255, 255, 255, 255, 255, 255, ...station, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1];
  return Uint8Array.from([...head, ...station, 10, 0, 0, host, 0, 0, 0, 0, 0, 0, 10, 0, 0, host]);
}

/** An IPv6 neighbor advertisement for fe80::1. */
function advertisement(mac: number): Uint8Array {
  const frame = new Uint8Array(78);
  frame.set([0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, mac, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255, 0xfe, 0x80]);
  frame[54] = 136;
  frame.set([0xfe, 0x80], 62);
  frame[77] = 1;
  return frame;
}
