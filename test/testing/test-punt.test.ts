// `testPunt` of `vpp-punt/sim`.
import { existsSync } from "node:fs";
import test from "ava";
import { testPunt } from "../../lib/testing/index.js";
import { arp, BROADCAST, echoRequest, frame, udpPacket } from "../support/frames.js";

const HOST = "02:00:00:00:00:02";
const request = arp(1, [HOST, "10.0.0.2"], ["00:00:00:00:00:00", "10.0.0.1"]);

for (const interconnect of ["MEMIF", "TAP"] as const) {
  test(`a unit test has its punt in one line: SPAN over ${interconnect}`, async (t) => {
    await using span = await testPunt({ type: "SPAN", interconnect, vppInterface: "eth0" });
    t.is(span.punt.state, "CREATED");
    span.sim.interface("eth0").inject(request);
    const [copy] = await span.received();
    t.deepEqual(Buffer.from(copy!), request);
  });
}

test("a punt socket needs no path, and gets the packets that VPP punts", async (t) => {
  await using punt = await testPunt({ type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 4000 } });
  const [eth0] = (await punt.sim.interfaces()).filter(({ name }) => name === "eth0");
  const packet = udpPacket({ from: "10.0.0.2", to: "10.0.0.1" }, [1000, 4000]);
  punt.sim.interface("eth0").inject(frame({ from: HOST, to: eth0!.mac! }, packet));
  const [punted] = await punt.received();
  t.deepEqual(Buffer.from(punted!).subarray(14 + 20), packet.subarray(20));
  t.false(punt.send(request), "a punt socket receives only");
});

test("the short form of openPunt does for a UDP port", async (t) => {
  await using punt = await testPunt({ udp: 4000, af: "IPV6", key: "k" });
  t.like(punt.punt.request, { type: "PUNT_TO_SOCKET", toHost: { af: "IPV6", protocol: "UDP", port: 4000 } });
  t.deepEqual(punt.punt.id, { cnf: "cnf", key: "k", label: "" });
  const wrong = testPunt({ udp: 0 });
  await t.throwsAsync(wrong, { code: "ERR_OPTION", message: /udp/ });
  await t.throwsAsync(testPunt(53 as never), { code: "ERR_OPTION", message: /request/ });
});

test("an xconnect has two ends, and what one sends leaves through its interface", async (t) => {
  const interfaces = { vppInterface1: "eth0", vppInterface2: "eth1" };
  await using punt = await testPunt({ type: "HAIRPIN_XCONNECT", interconnect: "MEMIF", ...interfaces });
  const [first, second] = punt.ends;
  const packet = frame({ from: HOST, to: BROADCAST }, echoRequest({ from: "10.0.0.2", to: "10.0.0.3" }));
  punt.sim.interface("eth0").inject(packet);
  t.deepEqual(Buffer.from((await first!.received())[0]!), packet);
  punt.sim.interface("eth1").transmitted();
  const answer = frame({ from: HOST, to: BROADCAST }, udpPacket({ from: "10.0.0.3", to: "10.0.0.2" }, [1, 2]));
  const left = new Promise((resolve) => punt.sim.interface("eth1").once("tx", resolve));
  t.true(second!.send(answer));
  t.deepEqual(Buffer.from((await left) as Uint8Array), answer);
});

test("callers that wait at once get a frame each, and a wrong count or time is refused", async (t) => {
  const rx = { vppInterface: "eth0", direction: "rx" } as const;
  await using span = await testPunt({ type: "SPAN", interconnect: "MEMIF", ...rx });
  const waiting = [span.received(), span.received()];
  const first = Promise.race(waiting);
  span.sim.interface("eth0").inject(request);
  t.is((await first).length, 1);
  span.sim.interface("eth0").inject(request);
  t.deepEqual(
    (await Promise.all(waiting)).map(({ length }) => length),
    [1, 1],
  );
  t.deepEqual(await span.received(0), []);
  for (const [count, timeout] of [[-1], [Number.NaN], ["1"], [1, Number.POSITIVE_INFINITY], [1, -1]] as [
    number,
    number?,
  ][])
    await t.throwsAsync(span.received(count, timeout), { code: "ERR_OPTION", message: /sim\.received: option/ });
});

test("nothing stays behind, also when the punt is refused", async (t) => {
  const punt = await testPunt({ type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" });
  const { directory } = punt.sim;
  await t.throwsAsync(punt.received(1, 10), { code: "ETIMEDOUT", message: /0 of 1 frames/ });
  await punt.close();
  t.false(existsSync(directory));
  const error = await t.throwsAsync(testPunt({ type: "SPAN", interconnect: "MEMIF", vppInterface: "" }));
  t.regex(error!.message, /vppInterface/);
});
