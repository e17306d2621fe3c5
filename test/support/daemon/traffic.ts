// Questions on the wire of an embedded VPP's interface, and the answers that leave by it.
import { setTimeout as sleep } from "node:timers/promises";
import { parseUdp } from "../../../lib/module/udp.js";
import type { VppControl } from "../../../lib/sim/index.js";
import { frame, udpPacket } from "../frames.js";

const HOST = "02:aa:00:00:00:01";
const ROUTER = "02:fc:00:00:00:01";

/** A question to VPP's own address on eth0. */
export function question(port: number, text: string): Buffer {
  return frame({ from: HOST, to: ROUTER }, udpPacket({ from: "10.0.0.9", to: "10.0.0.1" }, [40_000, port], text));
}

/** Asks until an answer comes back that ends so; a packet that meets a restart is lost, as on any network. */
export async function ask(
  vpp: VppControl,
  port: number,
  text: string,
  longest = 120_000,
  ending = text,
): Promise<string | undefined> {
  await vpp.transmitted("eth0");
  for (const end = performance.now() + longest; performance.now() < end; await sleep(50)) {
    await vpp.inject("eth0", question(port, text)).catch(() => {});
    await sleep(20);
    const frames = await vpp.transmitted("eth0").catch(() => []);
    const answers = frames.map((each) => parseUdp(each)).filter((each) => each?.source.port === port);
    const found = answers
      .map((each) => Buffer.from(each!.payload).toString())
      .find((answer) => answer.endsWith(ending));
    if (found !== undefined) return found;
  }
  return undefined;
}
