// The CNF of the examples here: answers DNS queries with "not implemented".
import { openPunt } from "vpp-punt/module";

const dns = await openPunt({ cnf: "dns", udp: 53 });
dns.on("status", ({ state, reasons }) => console.log(state, ...reasons.map(({ text }) => text)));
for await (const packet of dns.packets()) {
  const answer = Buffer.from(packet.payload ?? []);
  if (answer.length < 12) continue;
  // QR = 1, RCODE = 4: not implemented.
  answer[2] |= 0x80;
  answer[3] = (answer[3] & 0xf0) | 4;
  try {
    packet.reply(answer);
  } catch (error) {
    console.warn(error.message); // it went to a group, or VPP takes no answer of this length
  }
}
