// The same packets through the embedded VPP and through a real one: the same packets out.
import { describeFrame } from "../../lib/packet/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { type PacketCase, packetCases } from "../support/conformance/packet-cases.js";
import { runCase } from "../support/conformance/run.js";
import { VethWires, withoutChance } from "../support/conformance/wires.js";
import { need } from "../support/need.js";
import { ApiClient } from "../support/vpp/api-client.js";
import { RealVpp } from "../support/vpp/real.js";

async function answers(apiSocket: string, { title, steps, packets }: PacketCase) {
  const api = await ApiClient.connect(apiSocket);
  const wires = await VethWires.connect(api);
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

for (const one of packetCases) {
  need("vpp", "root").test.serial(`packets as through the real VPP: ${one.title}`, async (t) => {
    const real = new RealVpp();
    t.teardown(() => real.stop());
    await real.start();
    await using embedded = await EmbeddedVpp.start({ host: "linux" });
    const ours = await answers(embedded.apiSocket, one);
    const theirs = await answers(real.apiSocket, one);
    for (const [i, [wire, frame]] of one.packets.entries()) {
      t.deepEqual(lines(ours[i]!), lines(theirs[i]!), `packet ${i} on wire ${wire}: ${describeFrame(frame!)}`);
    }
  });
}
