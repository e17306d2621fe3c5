// Taking over from StoneWork: the objects that its agent made stay in VPP, and become the manager's.
import { join } from "node:path";
import test from "ava";
import type { Vpp } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import {
  MemoryStore,
  PuntManager,
  type PuntManagerOptions,
  type PuntRequestInput,
  type PuntStatus,
} from "../../lib/punt/index.js";
import { marksOf } from "../../lib/punt/options.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { StoneWorkMade } from "../support/punt/stonework-made.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { changes, tapped } from "../support/vpp/tapped.js";

const OSPF = { destinationNetwork: "local", protocol: "OSPF" } as const;

function requestsOf(interconnect: "TAP" | "MEMIF", directory: string): PuntRequestInput[] {
  return [
    { cnf: "mirror", type: "SPAN", interconnect, vppInterface: "if0" },
    { cnf: "ospf", type: "ABX", interconnect, vppInterface: "if1", ingressAclRules: [OSPF], egressAclRules: [{}] },
    { cnf: "wire", type: "HAIRPIN_XCONNECT", interconnect, vppInterface1: "if2", vppInterface2: "if3" },
    { cnf: "isis", type: "ISISX", interconnect, vppInterface: "if4" },
    { cnf: "dhcp", type: "DHCP_PROXY", interconnect },
    {
      cnf: "dns",
      type: "PUNT_TO_SOCKET",
      toHost: { af: "IPV4", protocol: "UDP", port: 53 },
      socketPath: join(directory, "dns.sock"),
    },
  ];
}

/** Lets a manager make the punts, reads what it made, and removes it all. */
async function drafted(it: ManagedVpp, requests: readonly PuntRequestInput[]): Promise<PuntStatus[]> {
  const made = [];
  for (const request of requests) made.push(await it.manager.add(request, { waitFor: "CREATED" }));
  for (const { id } of made) await it.manager.delete(id);
  await it.manager.close();
  return made;
}

async function makeAsStoneWork(client: Vpp, punts: readonly PuntStatus[], directory: string): Promise<void> {
  const agent = new StoneWorkMade(client);
  const of = (cnf: string) => punts.find(({ id }) => id.cnf === cnf)!.metadata.interconnects;
  await agent.span("if0", await agent.interface(of("mirror")[0]!));
  const [abx] = of("ospf");
  const index = await agent.interface(abx!);
  await agent.borrow("if1", index, "10.0.1.0", "10.0.1.255");
  const [rx, tx] = [
    ["if1", await agent.indexOf("if1")],
    [abx!.vppInterface!.name, index],
  ] as [string, number][];
  await agent.abx(rx!, tx!, abx!.cnfInterface!.mac, [anyRule(89)], 1);
  await agent.abx(tx!, rx!, "00:00:00:00:00:00", [anyRule(0)], 0);
  for (const [number, made] of of("wire").entries())
    await agent.xconnect(`if${2 + number}`, await agent.interface(made));
  const isis = await agent.interface(of("isis")[0]!);
  await agent.isisx("if4", isis);
  await agent.borrow("if4", isis, "10.0.4.0", "10.0.4.255");
  await agent.dhcpProxy(await agent.interface(of("dhcp")[0]!), "192.168.111.1", "192.168.111.2");
  await agent.puntSocket(53, join(directory, "dns.sock"));
}

function anyRule(proto: number): object {
  const ports = {
    ...{ srcport_or_icmptype_first: 0, srcport_or_icmptype_last: 65535 },
    ...{ dstport_or_icmpcode_first: 0, dstport_or_icmpcode_last: 65535, tcp_flags_mask: 0, tcp_flags_value: 0 },
  };
  return { is_permit: "ACL_ACTION_API_PERMIT", src_prefix: "0.0.0.0/0", dst_prefix: "10.0.1.1/32", proto, ...ports };
}

test("StoneWork's TAPs, mirrors, connections, proxies and registrations stay, and its policies are replaced", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const requests = requestsOf("TAP", it.directory);
  const punts = await drafted(it, requests);
  await makeAsStoneWork(it.client, punts, it.directory);
  const before = await snapshot(it.client);
  const store = new MemoryStore();
  const memifDirectory = join(it.directory, "memif");
  const sent: string[] = [];
  const vpp = tapped(it.client, { hear: (name) => void sent.push(name) });
  const options: PuntManagerOptions = { vpp, host: it.host, store, memifDirectory };

  const shown = await PuntManager.adopt({ ...options, readOnly: true }, requests);
  t.deepEqual(await snapshot(it.client), before, "a dry run changes nothing");
  t.is(await store.load(), undefined);
  t.deepEqual(
    shown.punts.map(({ state }) => state),
    Array(6).fill("CREATED"),
  );
  t.deepEqual(shown.taken.map(({ item }) => item.replace(/tap-\w+/, "TAP")).sort(), [
    "dhcp-proxy/0/4/192.168.111.2",
    ...Array(6).fill("interface/TAP"),
    "proxy-arp-range/0/10.0.1.0-10.0.1.255",
    "proxy-arp-range/0/10.0.4.0-10.0.4.255",
    "punt-socket/l4/IPV4/53",
  ]);
  t.is(shown.replaced.length, 6);
  t.deepEqual(
    shown.steps.filter(({ action }) => action === "delete" || action === "replace"),
    [],
  );

  sent.length = 0;
  await PuntManager.adopt(options, requests);
  // A registration is repeated with its own path: the reply has the path of VPP's socket.
  const disruptive =
    /^(tap_|memif_(create|delete)|sw_interface_(span|set_l2|set_mac)|isisx|dhcp_proxy_config|punt_socket_dereg)/;
  t.deepEqual(
    sent.filter((name) => disruptive.test(name) && !name.endsWith("_dump")),
    [],
  );
  const after = await snapshot(it.client);
  // The manager adds a neighbor for the DHCP server.
  const rest = (lines: readonly string[]) => lines.filter((line) => !/^(abx|acl|neighbor)/.test(line));
  t.deepEqual(rest(after), rest(before));
  t.false(
    after.some((line) => line.includes("abx/from/")),
    "StoneWork's policies are gone",
  );

  const manager = await PuntManager.start(options);
  t.teardown(() => manager.close());
  t.is((await manager.plan()).toString(), "nothing to do");
  for (const { id } of manager.list()) await manager.delete(id);
  const left = (await snapshot(it.client)).filter((line) =>
    /^(tap|abx|acl|span|xconnect|isisx|dhcp|punt|proxy)/.test(line),
  );
  t.deepEqual(left, [], "they are the manager's, and go with their punts");
});

test("nothing is changed if one of the punts cannot be there", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const requests = requestsOf("TAP", it.directory);
  await makeAsStoneWork(it.client, await drafted(it, requests), it.directory);
  const before = await snapshot(it.client);
  const store = new MemoryStore();
  const options: PuntManagerOptions = { vpp: it.client, host: it.host, store, memifDirectory: join(it.directory, "m") };
  const lost: PuntRequestInput = { cnf: "lost", type: "SPAN", interconnect: "TAP", vppInterface: "none" };
  // StoneWork's TAP of that interface is in namespace 0; this one would be another.
  const foreign: PuntRequestInput = { ...lost, cnf: "other", vppInterface: "if0", enableGso: true };
  for (const [request, message] of [
    [lost, /nothing is changed.*lost is PENDING, VPP interface none/],
    [{ ...foreign, type: "HAIRPIN", hairpinInterface: { name: "if5" } }, /nothing is changed.*other is FAILED/],
  ] as const) {
    await t.throwsAsync(PuntManager.adopt(options, [...requests.slice(1), request] as PuntRequestInput[]), {
      code: "ERR_NOT_READY",
      message,
    });
    t.deepEqual(await snapshot(it.client), before);
    t.is(await store.load(), undefined);
  }
});

test("an adoption that VPP interrupts at any step leaves what StoneWork made, and the next one ends it", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const requests = requestsOf("TAP", it.directory);
  await makeAsStoneWork(it.client, await drafted(it, requests), it.directory);
  const before = await snapshot(it.client);
  const store = new MemoryStore();
  let left = 0;
  const vpp = tapped(it.client, {
    hear: (name) => {
      if (changes(name) && left-- <= 0) throw new PuntError("test", "VPP_UNSPECIFIED", `no ${name} any more`);
    },
  });
  const options = { vpp, host: it.host, memifDirectory: join(it.directory, "memif"), store };
  let failures = 0;
  for (let steps = 0; ; steps++) {
    left = steps;
    const error = await PuntManager.adopt(options, requests).then(
      () => undefined,
      (thrown: PuntError) => thrown,
    );
    if (error === undefined) break;
    failures++;
    const now = await snapshot(it.client);
    const gone = before.filter((line) => !now.includes(line));
    // Its policies go last, when ours are in their place.
    t.true(
      gone.every((line) => /^(abx|acl)/.test(line)),
      `${error.message}: ${gone.join("; ")}`,
    );
    if (error.code === "ERR_NOT_READY") t.deepEqual(gone, []);
  }
  t.true(failures > 3, `${failures} steps can fail`);
  t.false((await snapshot(it.client)).some((line) => line.includes("abx/from/")));
});

test("StoneWork's policies stay without adopt, also beside a manager with StoneWork's prefix of their ids", async (t) => {
  const it = await managedVpp({ policyIdPrefix: 111 });
  t.teardown(() => it.close());
  const agent = new StoneWorkMade(it.client);
  const [rx, tx] = await Promise.all([agent.indexOf("if0"), agent.indexOf("if1")]);
  await agent.abx(["if0", rx], ["if1", tx], "02:fe:00:00:00:01", [anyRule(89)], 1);
  const before = await snapshot(it.client);
  const id = { cnf: "a", key: "k" };
  const ingressAclRules = [OSPF];
  await it.manager.add({ ...id, type: "ABX", interconnect: "TAP", vppInterface: "if1", ingressAclRules });
  await it.manager.resync();
  const during = await snapshot(it.client);
  for (const line of before.filter((text) => /^(abx|acl)/.test(text))) t.true(during.includes(line), line);
  await it.manager.delete(id);
  t.deepEqual(await snapshot(it.client), before);
});

test("no owner's name gives StoneWork's prefix of policy ids, nor the default owner's", (t) => {
  const prefixes = new Set(Array.from({ length: 5_000 }, (_, number) => marksOf({ owner: `o${number}` }).policyPrefix));
  t.false(prefixes.has(111) || prefixes.has(112) || prefixes.has(0));
  t.is(prefixes.size, 253);
});
