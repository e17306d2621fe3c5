// Lets a VPP's packet generator send UDP to the port that punt.js has registered.
//   punts.js API SIZE PACKETS RATE
// Prints { "generated", "refused": packets that the receiver's queue had no room for }, as VPP counts them.
import { setTimeout as sleep } from "node:timers/promises";
import { meter } from "../memif/meter.js";
import { Commands, GENERATOR, NUMBER } from "./commands.js";

const [api, size, packets, rate] = process.argv.slice(2) as [string, string, string, string];
/** Time for the receiver to take the packets in its queue. */
const DRAIN_MS = 300;
const HEADERS = 14 + 20;
const UDP_HEADER = 8;
/** Networks for benchmarks, by RFC 2544. */
const [HERE, THERE] = ["198.18.0.1", "198.18.0.2"];
const vpp = await Commands.connect(api);

await vpp.removeGenerator();
try {
  await vpp.run(
    `create packet-generator interface ${GENERATOR}`,
    `set interface state ${GENERATOR} up`,
    `set interface ip address ${GENERATOR} ${HERE}/24`,
  );
  const mac = /Ethernet address ([0-9a-f:]+)/.exec(await vpp.run(`show hardware-interfaces ${GENERATOR}`))![1]!;
  const bytes = Number(size) - HEADERS;
  const headers = `IP4: 02:00:00:00:00:01 -> ${mac} UDP: ${THERE} -> ${HERE} UDP: 1000 -> ${NUMBER}`;
  const payload = `length ${bytes} checksum 0 incrementing ${bytes - UDP_HEADER}`;
  const refused = () => vpp.errors(/punt-socket.*TX[ _]?error/i);
  const before = { rx: (await vpp.counters(GENERATOR)).rx, refused: await refused() };
  const stream = `limit ${packets} rate ${rate} size ${size}-${size} interface ${GENERATOR} node ethernet-input`;
  await vpp.generate(stream, `${headers} ${payload}`);
  const generated = async () => (await vpp.counters(GENERATOR)).rx - before.rx;
  const pps = await meter(generated);
  await sleep(DRAIN_MS);
  console.log(JSON.stringify({ generated: await generated(), pps, refused: (await refused()) - before.refused }));
} finally {
  await vpp.remove(`set interface ip address del ${GENERATOR} all`, `set interface state ${GENERATOR} down`);
  await vpp.removeGenerator();
  await vpp.close();
}
