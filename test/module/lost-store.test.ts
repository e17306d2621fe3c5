// A daemon that has lost its store: CNFs ask again, and their objects in VPP stay.
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { type CnfRequest, type CnfStatus, type OpenPunt, openPunt } from "../../lib/module/index.js";
import { idKey, isMade } from "../../lib/punt/index.js";
import { type DaemonTest, daemonTest } from "../support/daemon/daemon.js";
import { snapshot } from "../support/vpp/snapshot.js";

const SPAN = { type: "SPAN", interconnect: "TAP", vppInterface: "eth0" } as const;

const REQUESTS: Record<string, CnfRequest[]> = {
  "punt socket": [{ cnf: "dns", udp: 53 }],
  "SPAN over a TAP that two CNFs share": [
    { cnf: "a", ...SPAN, direction: "rx" },
    { cnf: "b", ...SPAN, direction: "tx" },
  ],
  DHCP_PROXY: [{ cnf: "dhcp", type: "DHCP_PROXY", interconnect: "TAP", vrf: 0 }],
  ABX: [{ cnf: "a", ...SPAN, type: "ABX", ingressAclRules: [{ protocol: "OSPF" }] }],
};

async function opened(t: ExecutionContext, it: DaemonTest, request: CnfRequest): Promise<OpenPunt> {
  const punt = await openPunt(request, { socket: it.socket });
  t.teardown(() => punt.close());
  await punt.ready();
  return punt;
}

async function until(punt: OpenPunt, isIt: (status: CnfStatus) => boolean): Promise<void> {
  while (!isIt(punt.status)) await once(punt, "status");
}

/** VPP's objects, with the numbers that an interface made again would not have. */
async function objects(client: Vpp): Promise<unknown[]> {
  const fields = { sw_if_index: 0xffff_ffff, name_filter_valid: false, name_filter: "" };
  const interfaces = await client.dumpAll("sw_interface_dump", fields);
  return [await snapshot(client), interfaces.map(({ sw_if_index, tag }) => [sw_if_index, tag])];
}

const away = ({ reasons }: CnfStatus) => reasons.some(({ code }) => code === "DAEMON_AWAY");

async function startWithoutStore(it: DaemonTest, returnTime: number): Promise<void> {
  await it.daemon.close();
  await rm(join(it.directory, "state"), { recursive: true });
  await it.restart({ manager: { returnTime } });
}

for (const [name, requests] of Object.entries(REQUESTS))
  test(`a daemon without its store leaves what CNFs ask for again as it is: ${name}`, async (t) => {
    const it = await daemonTest(t);
    const client = await Vpp.connect({ socketPath: it.vpp.apiSocket });
    t.teardown(() => client.close());
    const empty = await snapshot(client);
    const punts: OpenPunt[] = [];
    for (const request of requests) punts.push(await opened(t, it, request));
    const before = await objects(client);
    const told = new Set<string>();
    for (const punt of punts) punt.on("status", ({ state }) => told.add(state));
    await startWithoutStore(it, 600_000);
    const operator = await it.connect();
    const ids = new Set<string>();
    for await (const event of operator.watch()) {
      const listed = event.kind === "snapshot" ? event.punts : event.kind === "change" ? [event.event.status] : [];
      for (const { id, state } of listed) if (isMade(state)) ids.add(idKey(id));
      if (ids.size === requests.length) break;
    }
    for (const punt of punts) await until(punt, (status) => !away(status));
    t.deepEqual(await objects(client), before);
    t.false(told.has("waiting") || told.has("failed"), [...told].join());
    // All of it is ours again: nothing is left in the end.
    for (const punt of punts) await punt.close();
    await it.restart();
    const next = await it.connect();
    for (const { id } of await next.list()) await next.delete(id);
    t.deepEqual(await snapshot(client), empty);
  });

test("a memif gets a new secret, which only the store had, and its CNF connects again", async (t) => {
  const it = await daemonTest(t);
  const punt = await opened(t, it, { cnf: "span", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" });
  const secret = () => {
    const attachment = punt.status.punt?.metadata.interconnects[0]?.attachment;
    return attachment?.kind === "memif" ? attachment.secret : undefined;
  };
  const first = secret();
  await startWithoutStore(it, 600_000);
  await until(punt, ({ state }) => state === "ready" && secret() !== first);
  t.pass();
});

test("what no CNF asks for again goes after the return time", async (t) => {
  const it = await daemonTest(t);
  const client = await Vpp.connect({ socketPath: it.vpp.apiSocket });
  t.teardown(() => client.close());
  const empty = await snapshot(client);
  const operator = await it.connect();
  await operator.add({ cnf: "gone", type: "SPAN", interconnect: "TAP", vppInterface: "eth0" }, { waitFor: "CREATED" });
  await startWithoutStore(it, 500);
  const next = await it.connect();
  await next.add({ cnf: "other", type: "SPAN", interconnect: "TAP", vppInterface: "eth1" }, { waitFor: "CREATED" });
  await next.delete({ cnf: "other" });
  while (!isDeepStrictEqual(await snapshot(client), empty)) await sleep(50);
  t.pass();
});
