// A DHCP server: VPP punts UDP port 67, and this program gives the hosts of an interface their addresses.
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

// Here VPP is an embedded one. With a real VPP, leave out `vpp`: see docs/daemon.md.
await using vpp = await EmbeddedVpp.start({
  interfaces: ["eth0"],
  exec: [
    "set interface state eth0 up",
    "set interface ip address eth0 10.0.0.1/24",
    "ip route add 255.255.255.255/32 via local", // without it, VPP drops what a host without an address sends
  ],
});

const [DISCOVER, OFFER, REQUEST, ACK] = [1, 2, 3, 5];
// RFC 2131: the fixed fields, the magic cookie, and the options, the first of which is the kind of message here.
const OPTIONS = 240;
const KIND = OPTIONS + 2;
const FRAME = 42; // Ethernet, IPv4 and UDP
const SERVER = [10, 0, 0, 1];

await using dhcp = await openPunt({ cnf: "dhcp", udp: 67 }, { vpp });
await dhcp.ready({ timeout: 10_000 });

// A host: it asks for an offer, and then for the address that it was offered.
const eth0 = vpp.interface("eth0");
const given = new Promise<string>((resolve) => {
  eth0.on("tx", (frame) => {
    if (frame[FRAME + KIND] === OFFER) eth0.inject(question(REQUEST));
    if (frame[FRAME + KIND] === ACK) resolve(frame.subarray(FRAME + 16, FRAME + 20).join("."));
  });
});
eth0.inject(question(DISCOVER));

const leases = new Map<string, number>();
for await (const packet of dhcp.packets()) {
  const asked = packet.payload;
  if (!asked || asked.length <= KIND) continue; // a damaged datagram
  const host = Buffer.from(asked.subarray(28, 34)).toString("hex");
  const number = leases.get(host) ?? 100 + leases.size;
  if (number > 254) continue; // all addresses are given
  leases.set(host, number);
  const isRequest = asked[KIND] === REQUEST;
  console.log(`${packet.interface}: ${host} ${isRequest ? "takes" : "is offered"} 10.0.0.${number}`);
  packet.reply(answer(asked, isRequest ? ACK : OFFER, number), { source: SERVER.join(".") });
  if (isRequest) break;
}
console.log(`the host has ${await given}`);

/** Offers an address for an hour, or gives it. */
function answer(asked: Uint8Array, kind: number, number: number): Uint8Array {
  const payload = new Uint8Array(300);
  payload.set(asked.subarray(0, OPTIONS));
  payload[0] = 2; // BOOTREPLY
  payload.set([10, 0, 0, number, ...SERVER], 16);
  const mask = [1, 4, 255, 255, 255, 0];
  payload.set([53, 1, kind, 54, 4, ...SERVER, 51, 4, 0, 0, 14, 16, ...mask, 3, 4, ...SERVER, 255], OPTIONS);
  return payload;
}

/** A host's broadcast, from 0.0.0.0. */
function question(kind: number): Uint8Array {
  const host = [2, 0, 0, 0, 0, 2];
  const payload = new Uint8Array(300);
  payload.set([1, 1, 6, 0, 0xca, 0xfe, 0, 1, 0, 0, 0x80, 0]); // BOOTREQUEST, with the flag for a broadcast answer
  payload.set(host, 28);
  payload.set([0x63, 0x82, 0x53, 0x63, 53, 1, kind, 255], OPTIONS - 4);
  const ip = [0x45, 0, 1, 72, 0, 0, 0, 0, 64, 17, 0x79, 0xa6, 0, 0, 0, 0, 255, 255, 255, 255];
  const udp = [0, 68, 0, 67, 1, 52, 0, 0];
  return Uint8Array.from([255, 255, 255, 255, 255, 255, ...host, 8, 0, ...ip, ...udp, ...payload]);
}
