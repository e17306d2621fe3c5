// Tests of the trials against far ends of others: their counters, processes and figures.
import test from "ava";
import { missingPackage } from "../../benchmarks/harness/libraries.js";
import type { Workspace } from "../../benchmarks/harness/trial.js";
import { meter } from "../../benchmarks/memif/meter.js";
import packetSocketSuite from "../../benchmarks/suites/packet-socket.js";
import vppSuite from "../../benchmarks/suites/vpp.js";
import type { Peers } from "../../benchmarks/trials/memif.js";
import { type Outside, receiveFrom, sendTo } from "../../benchmarks/trials/outside.js";

/** Returns a counter that stands, grows by `step` in `looks` looks, and stands again. */
function counter(step: number, looks: number): () => Promise<number> {
  let look = 0;
  return async () => step * Math.min(Math.max(look++ - 2, 0), looks);
}

test("the meter waits for the first packet and ends behind the last one", async (t) => {
  const pps = await meter(counter(100, 5));
  t.true(pps > 100 && pps <= 1000, `${pps}`);
});

test("the meter with a time ends there", async (t) => {
  const start = performance.now();
  await meter(counter(100, 1000), 300);
  t.true(performance.now() - start < 1000);
});

const outside: Outside = {
  name: "X",
  before: () => [["vpp"]],
  source: (_, socket, size, seconds) => ["source", socket, `${size}`, `${seconds}`],
  sink: (_, socket) => ["sink", socket],
  unavailable: () => undefined,
};
const peers: Peers = { name: "C", program: (_, name) => `c-${name}`, unavailable: () => "no library" };
const itself = (name: string) => name;
const workspace: Workspace = { folder: "/f", peer: itself, source: itself, entry: itself, script: (name) => [name] };

test("the far end starts last, because it ends the run", (t) => {
  const trial = receiveFrom(outside, peers, 64, 0.95);
  t.deepEqual(
    trial.ours(workspace).map(({ command }) => command[0]),
    ["vpp", "memif/receiver", "source"],
  );
  t.deepEqual(trial.peer!(workspace)[1]!.command, ["c-sink", "client", "/f/memif.sock", "poll", "1"]);
  t.is(trial.unavailable!(), "no library");
});

test("a run with a VPP of its own starts it first; punts are registered before the receiver starts", (t) => {
  const trial = vppSuite.trials.find(({ name }) => name.startsWith("PUNT_TO_SOCKET, 20 kpps"))!;
  const scripts = trial.ours(workspace).map(({ command }) => command[0]);
  const own = process.env.VPP_API_SOCKET === undefined ? ["vpp/vpp"] : [];
  t.deepEqual(scripts, [...own, "vpp/punt", "punt-socket/receiver", "vpp/punts"]);
  t.is(trial.peer!(workspace).at(-2)!.command[0], "punt_receiver");
  const results = [{}, {}, { packets: 98, userUs: 49 }, { generated: 100, pps: 9, refused: 2 }];
  t.deepEqual(
    trial.rows.map((row) => row.value(results)),
    [2, 0, 9, 0.5],
  );
});

test("a package of npm that is missing is named", (t) => {
  t.regex(missingPackage("no-such-package")!, /NODE_PEERS/);
});

test("the rows show losses at both ends: packets lost on the way, and packets that the full ring refused", (t) => {
  const rows = receiveFrom(outside, peers, 64, 0.95).rows;
  const results = [
    { pps: 9, received: 90 },
    { pps: 10, packets: 100, refused: 300 },
  ];
  t.deepEqual(
    rows.map((row) => row.value(results)),
    [9, 10, 10, 75],
  );
  const sent = sendTo(outside, peers, "batch", 64, 0.8).rows;
  // The end packet is one more than `sent`.
  t.deepEqual(
    sent.map((row) => row.value([{}, { pps: 9, sent: 99 }, { pps: 8, packets: 95, refused: 0 }])),
    [9, 8, 5],
  );
});

test("frames from a device: a frame is lost if the wire has it and the receiver does not, unless the kernel counts it", (t) => {
  const trial = packetSocketSuite.trials.find(({ name }) => name.startsWith("receive 64 B"))!;
  t.deepEqual(
    trial.ours(workspace).map(({ command, cpu }) => [command[0], cpu]),
    [
      ["packet_wire", undefined],
      ["packet-socket/receiver", 1],
      ["packet_sender", 0],
    ],
  );
  const results = [{ toNear: 100 }, { packets: 90, dropped: 8, seconds: 2, cpuUs: 9 }, { packets: 101 }];
  t.deepEqual(
    trial.rows.map((row) => row.value(results)),
    [45, 100, 8, 2],
  );
  t.is(trial.unavailable!() === undefined || /root|iproute2/.test(trial.unavailable!()!), true);
});
