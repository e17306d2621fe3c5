// Receives the DNS queries that are sent to VPP itself, and answers with an injected frame.
import { join } from "node:path";
import { describeFrame, PuntAction, PuntInjector, PuntSocket } from "vpp-punt";
import { Vpp } from "vpp-punt/binapi";
import { EmbeddedVpp } from "vpp-punt/sim";
import { dnsAnswer } from "./demo/answer.js";
import { readFrames } from "./demo/capture.js";
import { ip4Destination, isUdpTo } from "./demo/frames.js";
import { ROUTER } from "./demo/punts.js";

await using sim = await EmbeddedVpp.start({
  interfaces: [{ name: "lan", mac: ROUTER.mac }],
  exec: ["set interface state lan up", `set interface ip address lan ${ROUTER.ip4}`],
});
const path = join(sim.directory, "dns.sock");

await using vpp = await Vpp.connect({ socketPath: sim.apiSocket });
const interfaces = await vpp.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
const known = new Set(interfaces.map(({ sw_if_index }) => sw_if_index));
using injector = PuntInjector.open({ vppPath: sim.puntSocket!, knownInterfaces: known });

// Open the socket first, then register it: VPP does not check that it exists.
using socket = PuntSocket.open({ path, vppPath: sim.puntSocket!, onWarning: ({ message }) => console.warn(message) });
const dns = { l4: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: 53 } } as const;
await vpp.call("punt_socket_register", {
  header_version: 1,
  punt: { type: "PUNT_API_TYPE_L4", punt: dns },
  pathname: path,
});

// A client sends a query.
const lan = sim.interface("lan");
const queries = readFrames().filter((frame) => isUdpTo(frame, 53) && ip4Destination(frame) === "10.10.1.1");
let answers = 0;
const done = new Promise<void>((resolve) => {
  lan.on("tx", (frame) => {
    console.log(describeFrame(frame));
    if (++answers === queries.length) resolve();
  });
});
lan.inject(queries);

let answered = 0;
for await (const batch of socket) {
  for (let i = 0; i < batch.length; i++) {
    const query = batch.view(i); // valid until the next batch
    console.log(describeFrame(query));
    if (injector.inject(PuntAction.L2, batch.swIfIndex(i), dnsAnswer(query))) answered++;
  }
  if (answered === queries.length) break;
}
await done;

await vpp.call("punt_socket_deregister", { punt: { type: "PUNT_API_TYPE_L4", punt: dns } });
