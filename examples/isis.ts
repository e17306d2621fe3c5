// Listens to IS-IS: VPP hands the hellos of an interface to this program, although it forwards IP only.
import { setTimeout as sleep } from "node:timers/promises";
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

// Here VPP is an embedded one. With a real VPP, leave out `vpp`: see docs/daemon.md.
await using vpp = await EmbeddedVpp.start({
  interfaces: ["eth0"],
  exec: ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"],
});

const TYPES: Readonly<Record<number, string>> = { 15: "L1 LAN hello", 16: "L2 LAN hello", 17: "point-to-point hello" };
const IS_IS = 0x83;

await using isis = await openPunt({ cnf: "isis", type: "ISISX", interconnect: "MEMIF", vppInterface: "eth0" }, { vpp });
await isis.ready({ timeout: 10_000 });
// The embedded VPP learns of a connection a little later than the CNF.
do await sleep(1);
while (!(await vpp.interfaces()).slice(1).every(({ linkUp }) => linkUp));
vpp.interface("eth0").inject(hello([0, 0, 0, 0, 0, 2]));

for await (const { frame } of isis.packets()) {
  // 802.3: two addresses, a length, the LLC header fe fe 03, then the PDU.
  const pdu = frame.subarray(17);
  if (pdu[0] !== IS_IS) continue;
  const system = Buffer.from(pdu.subarray(9, 15))
    .toString("hex")
    .replace(/(....)(?=.)/g, "$1.");
  console.log(`${TYPES[pdu[4]! & 31] ?? "a PDU"} of system ${system}, holding time ${(pdu[15]! << 8) | pdu[16]!} s`);
  break;
}

/** A level 2 hello of a system. */
function hello(system: readonly number[]): Uint8Array {
  const pdu = [IS_IS, 27, 1, 0, 16, 1, 0, 0, 2, ...system, 0, 30, 0, 27, 64, ...system, 1];
  const llc = [0xfe, 0xfe, 3];
  const addresses = [1, 0x80, 0xc2, 0, 0, 0x15, 2, 0, 0, 0, 0, 2];
  const frame = Uint8Array.from([...addresses, 0, llc.length + pdu.length, ...llc, ...pdu]);
  return frame;
}
