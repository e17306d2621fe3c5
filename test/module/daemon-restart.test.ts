// A restart of the daemon as a CNF sees it: VPP goes on, so the punt stays ready.
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { connectPunts, openPunt } from "../../lib/module/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

// A client asks for get_api_json while it connects.
for (const message of ["get_api_json", "acl_dump", "punt_socket_dump"])
  test(`a punt stays ready while a restarted daemon takes its first look at VPP, which is slow with ${message}`, async (t) => {
    const running = await daemonTest(t);
    const punt = await openPunt({ cnf: "dns", udp: 53 }, { socket: running.socket });
    t.teardown(() => punt.close());
    await punt.ready();
    const heard: string[] = [];
    punt.on("status", ({ state, reasons }) => heard.push([state, ...reasons.map(({ code }) => code)].join(" ")));
    // The CNF is connected to the daemon again before the end of the look.
    await running.vpp.addFault({ message, action: { kind: "delay", ms: 1000 } });
    await running.restart();
    const punts = await running.connect();
    const isSettled = async () => (await punts.list().catch(() => [])).some(({ state }) => state === "CREATED");
    while (!(await isSettled()) || punt.status.reasons.length > 0) await sleep(50);
    await sleep(100);
    t.deepEqual([...new Set(heard)], ["ready DAEMON_AWAY", "ready"]);
    await punts.delete({ cnf: "dns", key: punt.id.key, label: punt.id.label });
    while (punt.status.state !== "failed") await sleep(50);
    t.is(punt.status.reasons[0]!.code, "ERR_DELETED");
  });

test("a memif that is connected stays ready when its daemon ends at once, before the module has asked again", async (t) => {
  const running = await daemonTest(t);
  const request = { cnf: "tap", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;
  const punt = await openPunt(request, { socket: running.socket });
  t.teardown(() => punt.close());
  await punt.ready();
  const heard: string[] = [];
  punt.on("status", ({ state, reasons }) => heard.push([state, ...reasons.map(({ code }) => code)].join(" ")));
  await running.daemon.close();
  while (heard.length === 0) await sleep(20);
  await sleep(600);
  t.deepEqual([...new Set(heard)], ["ready DAEMON_AWAY"]);
});

test("a deletion waits no longer for a daemon that is away than its timeout", async (t) => {
  const running = await daemonTest(t);
  await using punts = await connectPunts({ socket: running.socket, wait: true });
  await punts.add({ cnf: "tap", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" });
  await running.daemon.close();
  await t.throwsAsync(punts.delete({ cnf: "tap" }, { timeout: 50 }), { code: "ETIMEDOUT", message: /tap/ });
  await t.throwsAsync(punts.delete({ cnf: "tap" }, { timeout: -1 }), { code: "ERR_OPTION" });
});

test("a CNF that has lost its connection to a living daemon hears of it again, though nothing has changed", async (t) => {
  const running = await daemonTest(t);
  const punt = await openPunt({ cnf: "dns", udp: 53 }, { socket: running.socket });
  t.teardown(() => punt.close());
  await punt.ready();
  // The daemon ends its connections, and listens again.
  await rm(running.socket);
  const heard: string[] = [];
  punt.on("status", ({ state, reasons }) => heard.push([state, ...reasons.map(({ code }) => code)].join(" ")));
  while (heard.at(-1) !== "ready") await sleep(20);
  t.deepEqual([...new Set(heard)], ["ready DAEMON_AWAY", "ready"]);
});
