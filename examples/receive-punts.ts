// Receives the datagrams that are sent to a UDP port of VPP, and sends each back, with the parts by themselves: the client of the binary
// API, a punt socket, an injector. `openPunt` does it all in one call: see udp-responder.ts.
import { join } from "node:path";
import { describeFrame, PuntAction, PuntInjector, PuntSocket } from "vpp-punt";
import { Vpp } from "vpp-punt/binapi";
import { EmbeddedVpp } from "vpp-punt/sim";

await using sim = await EmbeddedVpp.start({
  interfaces: [{ name: "lan", mac: "02:fe:00:00:00:01" }],
  exec: ["set interface state lan up", "set interface ip address lan 10.0.0.1/24"],
});
const path = join(sim.directory, "echo.sock");

await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
const interfaces = await vpp.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
const known = new Set(interfaces.map(({ sw_if_index }) => sw_if_index));
using injector = PuntInjector.open({ vppPath: sim.puntSocket!, knownInterfaces: known });

// Open the socket first, then register it: VPP does not check that it exists.
using socket = PuntSocket.open({ path, vppPath: sim.puntSocket!, onWarning: ({ message }) => console.warn(message) });
const punt = {
  type: "PUNT_API_TYPE_L4",
  punt: { l4: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: 7 } },
} as const;
await vpp.call("punt_socket_register", { header_version: 1, punt, pathname: path });

// A host at 10.0.0.2 sends a datagram.
const lan = sim.interface("lan");
const answered = new Promise<Uint8Array>((resolve) => lan.once("tx", resolve));
const ETHERNET = "02fe00000001020000000002" + "0800";
const IP = "4500002100000000401166ca0a0000020a000001";
const UDP = `30390007000d0000${Buffer.from("hello").toString("hex")}`;
lan.inject(Buffer.from(ETHERNET + IP + UDP, "hex"));

for await (const batch of socket) {
  const question = batch.view(0); // valid until the next batch
  console.log(describeFrame(question));
  // Addresses and ports change places, which leaves the checksums as they are.
  const answer = Buffer.from(question);
  for (const [at, size] of [
    [0, 6],
    [26, 4],
    [34, 2],
  ] as const) {
    answer.set(question.subarray(at + size, at + 2 * size), at);
    answer.set(question.subarray(at, at + size), at + size);
  }
  injector.inject(PuntAction.L2, batch.swIfIndex(0), answer);
  break;
}
console.log(describeFrame(await answered));

await vpp.call("punt_socket_deregister", { punt });
