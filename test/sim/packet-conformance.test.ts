// The same packets through the embedded VPP and through a real one: the same packets out.
import { isDeepStrictEqual } from "node:util";
import { describeFrame } from "../../lib/packet/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { featurePacketCases } from "../support/conformance/feature-packet-cases.js";
import { type PacketCase, packetCases } from "../support/conformance/packet-cases.js";
import { runCase } from "../support/conformance/run.js";
import { VethWires, withoutChance } from "../support/conformance/wires.js";
import { need } from "../support/need.js";
import { ApiClient } from "../support/vpp/api-client.js";
import { RealVpp } from "../support/vpp/real.js";

/** Waits for answers: enough for an idle machine, and for a loaded one. */
const QUIET_MS = [60, 1_000];

async function answers(apiSocket: string, { title, steps, packets }: PacketCase, quietMs: number) {
  const api = await ApiClient.connect(apiSocket);
  const wires = await VethWires.connect(api, quietMs);
  try {
    await runCase(api, { title, steps });
    const out = [];
    for (const [wire, ...frames] of packets) out.push(await wires.exchange(wire, ...frames));
    return out;
  } finally {
    wires.close();
    api.close();
  }
}

function lines(frames: { wire: number; frame: Buffer }[]): string[] {
  // The real VPP reports the multicast groups it listens to now and then; the embedded one does not.
  const answers = frames.filter(({ frame }) => !describeFrame(frame).includes("multicast listener report"));
  return answers.map(({ wire, frame }) => `wire ${wire}: ${describeFrame(frame)} ${withoutChance(frame)}`).sort();
}

/** The frames that leave the embedded and the real VPP, each packet's as lines. */
async function ofBoth(one: PacketCase, quietMs: number): Promise<{ ours: string[][]; theirs: string[][] }> {
  const real = new RealVpp();
  try {
    await real.start();
    await using embedded = await EmbeddedVpp.start({ host: "linux" });
    const ours = (await answers(embedded.apiSocket, one, quietMs)).map(lines);
    const theirs = (await answers(real.apiSocket, one, quietMs)).map(lines);
    return { ours, theirs };
  } finally {
    await real.stop();
  }
}

for (const one of [...packetCases, ...featurePacketCases]) {
  need("vpp>=26.06", "root").test.serial(`packets as through the real VPP: ${one.title}`, async (t) => {
    let both = await ofBoth(one, QUIET_MS[0]!);
    if (!isDeepStrictEqual(both.ours, both.theirs)) both = await ofBoth(one, QUIET_MS[1]!);
    for (const [i, [wire, frame]] of one.packets.entries()) {
      t.deepEqual(both.ours[i], both.theirs[i], `packet ${i} on wire ${wire}: ${describeFrame(frame!)}`);
    }
  });
}
