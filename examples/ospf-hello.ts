// Listens to OSPF hellos: VPP punts IP protocol 89, and this program prints the routers that it hears.
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

// Here VPP is an embedded one. With a real VPP, leave out `vpp`: see docs/daemon.md.
await using vpp = await EmbeddedVpp.start({
  interfaces: ["eth0"],
  exec: [
    "set interface state eth0 up",
    "set interface ip address eth0 10.0.0.1/24",
    "ip mroute add 224.0.0.5 via eth0 Accept",
    "ip mroute add 224.0.0.5 via local Forward",
  ],
});

await using ospf = await openPunt(
  { cnf: "ospf", type: "PUNT_TO_SOCKET", ipProto: { af: "IPV4", protocol: "OSPF" } },
  { vpp },
);
await ospf.ready({ timeout: 10_000 });
vpp.interface("eth0").inject([hello("10.0.0.2", "2.2.2.2"), hello("10.0.0.3", "3.3.3.3")]);

const ETHERNET = 14;
const heard = new Set<string>();
for await (const { frame, interface: name } of ospf.packets()) {
  const ospfAt = ETHERNET + (frame[ETHERNET]! & 15) * 4;
  const [version, type] = [frame[ospfAt], frame[ospfAt + 1]];
  if (version !== 2 || type !== 1) continue;
  const address = frame.subarray(ETHERNET + 12, ETHERNET + 16).join(".");
  const router = frame.subarray(ospfAt + 4, ospfAt + 8).join(".");
  const area = frame.subarray(ospfAt + 8, ospfAt + 12).join(".");
  const interval = (frame[ospfAt + 28]! << 8) | frame[ospfAt + 29]!;
  console.log(`${name}: router ${router} at ${address}, area ${area}, hello every ${interval} s`);
  if (heard.add(router).size === 2) break;
}

/** An OSPFv2 hello as a router sends it to 224.0.0.5. */
function hello(from: string, router: string): Uint8Array {
  const bytes = (address: string) => address.split(".").map(Number);
  const body = [255, 255, 255, 0, 0, 10, 2, 1, 0, 0, 0, 40, ...new Array(8).fill(0)];
  const packet = [2, 1, 0, 24 + body.length, ...bytes(router), 0, 0, 0, 0, ...new Array(12).fill(0), ...body];
  const head = [0x45, 0xc0, 0, 20 + packet.length, 0, 0, 0, 0, 1, 89, 0, 0, ...bytes(from), 224, 0, 0, 5];
  let sum = 0;
  for (let i = 0; i < head.length; i += 2) sum += (head[i]! << 8) | head[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  head[10] = (~sum >> 8) & 0xff;
  head[11] = ~sum & 0xff;
  return Uint8Array.from([1, 0, 0x5e, 0, 0, 5, 2, 0, 0, 0, 0, bytes(from)[3]!, 8, 0, ...head, ...packet]);
}
