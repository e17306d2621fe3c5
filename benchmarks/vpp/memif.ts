// Makes a VPP the server of a memif, which is gone again at the end.
//   memif.js API SOCKET source SIZE SECONDS    VPP's packet generator sends for that long
//   memif.js API SOCKET sink                   VPP receives and drops until the packets stop
// Prints { "packets", "pps", "refused": packets that the ring had no room for }, as VPP counts them.
import { setTimeout as sleep } from "node:timers/promises";
import { meter } from "../memif/meter.js";
import { Commands, NUMBER } from "./commands.js";

const [api, socket, mode, size, seconds] = process.argv.slice(2) as [string, string, string, string?, string?];
const memif = `memif${NUMBER}/0`;
/** Time for the receiver to take the packets in the ring, before VPP ends the connection. */
const DRAIN_MS = 300;
const vpp = await Commands.connect(api);

async function remove(): Promise<void> {
  await vpp.removeGenerator();
  await vpp.remove(`delete interface memif ${memif}`, `delete memif socket id ${NUMBER}`);
}

/** Returns a frame of an EtherType for experiments. */
function frame(bytes: number): string {
  return `hex 0x020000000002020000000001${"88b5".padEnd(2 * bytes - 24, "0")}`;
}

async function send(): Promise<Record<string, number>> {
  const full = () => vpp.errors(new RegExp(`${memif}-tx .*no free tx slots`));
  const before = await full();
  const sent = async () => (await vpp.counters(memif)).tx - (await full()) + before;
  await vpp.generate(`size ${size}-${size} node ${memif}`, frame(Number(size)));
  const pps = await meter(sent, 1000 * Number(seconds));
  await vpp.run("packet-generator disable-stream bench");
  await sleep(DRAIN_MS);
  return { packets: await sent(), pps, refused: (await full()) - before };
}

async function receive(): Promise<Record<string, number>> {
  const received = async () => (await vpp.counters(memif)).rx;
  const pps = await meter(received);
  return { packets: await received(), pps, refused: 0 };
}

await remove();
try {
  await vpp.run(
    `create memif socket id ${NUMBER} filename ${socket}`,
    `create interface memif id 0 socket-id ${NUMBER} master`,
    `set interface state ${memif} up`,
  );
  while (!/\bconnected\b/.test(await vpp.run(`show memif ${memif}`))) await sleep(20);
  await vpp.run(`set interface rx-mode ${memif} polling`);
  const result = await (mode === "source" ? send() : receive());
  console.log(JSON.stringify(result));
} finally {
  await remove();
  await vpp.close();
}
