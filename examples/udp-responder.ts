// Answers UDP datagrams to VPP's own address, and says at which rate.
import { openPunt } from "vpp-punt/module";
import { EmbeddedVpp } from "vpp-punt/sim";

// Here VPP is an embedded one. With a real VPP, leave out `vpp`: see docs/daemon.md.
await using vpp = await EmbeddedVpp.start({
  interfaces: [{ name: "eth0", mac: "02:fe:00:00:00:01" }],
  exec: ["set interface state eth0 up", "set interface ip address eth0 10.0.0.1/24"],
});

const PORT = 7;
const QUESTIONS = 20_000;
const BURST = 50;

await using echo = await openPunt({ cnf: "echo", udp: PORT }, { vpp });
await echo.ready({ timeout: 10_000 });

// The client: it asks again as soon as it has the answers.
const eth0 = vpp.interface("eth0");
const burst = Array.from({ length: BURST }, () => question("ping"));
let answers = 0;
eth0.on("tx", () => {
  if (++answers % BURST === 0 && answers < QUESTIONS) setImmediate(() => eth0.inject(burst));
});
const start = performance.now();
eth0.inject(burst);

let replies = 0;
for await (const packet of echo.packets()) {
  if (!packet.payload) continue; // a damaged datagram
  try {
    packet.reply(packet.payload);
  } catch (error) {
    console.warn(`${error}`); // it went to a group, or VPP takes no answer of this length
  }
  if (++replies === QUESTIONS) break;
}
const seconds = (performance.now() - start) / 1000;
console.log(`${replies} answers, ${Math.round(replies / seconds)} a second`);

/** A frame with a UDP datagram from 10.0.0.2 to 10.0.0.1. */
function question(text: string): Uint8Array {
  const length = 28 + text.length;
  const head = [0x45, 0, 0, length, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1];
  let sum = 0;
  for (let i = 0; i < head.length; i += 2) sum += (head[i]! << 8) | head[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  head[10] = (~sum >> 8) & 0xff;
  head[11] = ~sum & 0xff;
  const udp = [0x30, 0x39, 0, PORT, 0, 8 + text.length, 0, 0, ...Buffer.from(text)];
  return Uint8Array.from([2, 254, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, ...head, ...udp]);
}
