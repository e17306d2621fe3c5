// A manager on a real VPP survives VPP's death, its own death, other CNFs and objects of others.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PuntError } from "../../lib/errors.js";
import { attach, FileStore, MemoryStore, type PuntRequestInput } from "../../lib/punt/index.js";
import { command, ownVrf, until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { aclRule } from "../support/vpp/api-values.js";
import { Scenario } from "../support/vpp/scenario.js";
import { snapshot } from "../support/vpp/snapshot.js";

const real = need("root", "vpp", "hosts").test.serial;

/** How often a test kills its victim. $VPP_PUNT_KILLS raises it. */
const kills = Number(process.env.VPP_PUNT_KILLS ?? 8);

/** Whether ISISX works: it needs a plugin, or linux-cp and a TAP of VPP's. */
const hasIsisx = [["plugin:isisx"], ["plugin:osi", "vhost-net"]].some((needs) => need(...needs).reason === undefined);

/** Returns a punt of each type that works on this machine, on interfaces of three hosts. */
function everyType(interfaces: readonly string[], netns: string, folder: string): PuntRequestInput[] {
  const [first, second, third] = interfaces as [string, string, string];
  const common = { cnf: "cnf1", netns: { name: netns } };
  const rules = [{ protocol: "ICMP", destinationNetwork: "local" }] as const;
  return [
    {
      ...common,
      key: "x",
      type: "HAIRPIN_XCONNECT",
      interconnect: "MEMIF",
      vppInterface1: first,
      vppInterface2: second,
    },
    { ...common, key: "s", type: "SPAN", interconnect: "MEMIF", vppInterface: third },
    { ...common, key: "a", type: "ABX", interconnect: "TAP", vppInterface: third, ingressAclRules: [...rules] },
    ...(hasIsisx ? [{ ...common, key: "i", type: "ISISX", interconnect: "TAP", vppInterface: third } as const] : []),
    { ...common, key: "d", type: "DHCP_PROXY", interconnect: "TAP", vrf: ownVrf, withoutCnfVrf: true },
    {
      ...common,
      key: "p",
      type: "PUNT_TO_SOCKET",
      toHost: { af: "IPV4", protocol: "UDP", port: 53 },
      socketPath: join(folder, "p.sock"),
    },
  ];
}

async function threeHosts(scenario: Scenario) {
  const { network, vpp } = scenario;
  await vpp.configure(`ip table add ${ownVrf}`);
  const hosts = [await network.host(), await network.host(), await network.host()] as const;
  const interfaces = [
    await network.link(hosts[0], { addresses: ["10.8.0.1/24"] }),
    await network.link(hosts[1], { addresses: ["10.8.0.2/24"] }),
    await network.link(hosts[2], { addresses: ["10.8.1.2/24"], vppAddresses: ["10.8.1.1/24"] }),
  ];
  return { hosts, interfaces, cnf: await network.host() };
}

real("VPP is killed and comes back: every punt is there again, and its packets flow by themselves", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp, manager, client } = scenario;
  const { hosts, interfaces, cnf } = await threeHosts(scenario);
  const punts = [];
  for (const request of everyType(interfaces, cnf.name, vpp.directory)) punts.push(await scenario.add(request));
  const before = await snapshot(client);
  const [xconnect, span] = punts.map(({ metadata }) => attach(metadata));
  t.teardown(() => {
    for (const it of [xconnect, span]) it!.close();
  });
  const [first, second] = xconnect!.ports.map((port) => (port.kind === "memif" ? port.memif : undefined));
  const [probe] = span!.ports.map((port) => (port.kind === "memif" ? port.memif : undefined));
  first!.receive((batch) => void second!.send(batch));
  second!.receive((batch) => void first!.send(batch));
  let copies = 0;
  probe!.receive((batch) => {
    copies += batch.length;
  });
  const flows = async () => {
    t.is(await hosts[0].ping("10.8.0.2"), 3, "through the CNF in Node.js");
    const seen = copies;
    // A new VPP loses the first answer while it resolves the host's MAC address.
    await hosts[2].ping("10.8.1.1", 1);
    t.is(await hosts[2].ping("10.8.1.1"), 3, "from the CNF's TAP");
    await until("copies", () => copies >= seen + 6);
  };
  await until("memif", () => [first, second, probe].every((port) => port!.peer !== undefined));
  await flows();

  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    await vpp.restart(signal);
    await vpp.configure(`ip table add ${ownVrf}`);
    await network.restore();
    const settled = () => manager.list().every(({ state }) => state === "CREATED");
    await until("CREATED", settled, () =>
      JSON.stringify(manager.list().map(({ state, failure }) => ({ state, failure }))),
    );
    await until("memif", () => [first, second, probe].every((port) => port!.peer !== undefined));
    t.deepEqual(await snapshot(client), before, "names, MAC and IP addresses, sockets, policies: all as before");
    await flows();
  }
});

real(
  `the manager is killed ${kills} times at random: the next manager finds all objects, and deletes them`,
  async (t) => {
    const scenario = await Scenario.start(t);
    const { vpp, manager, client, options } = scenario;
    const { interfaces, cnf } = await threeHosts(scenario);
    await manager.close();
    const before = await snapshot(client);
    const punts = everyType(interfaces, cnf.name, vpp.directory);
    const store = join(vpp.directory, "store");
    const { owner, memifDirectory } = options;
    const job = JSON.stringify({ apiSocket: vpp.apiSocket, store, memifDirectory, owner, punts });
    for (let kill = 0; kill < kills; kill++) {
      const child = fork(new URL("../support/punt/manager-process.js", import.meta.url), [job]);
      const started = await Promise.race([once(child, "message"), once(child, "exit")]);
      t.deepEqual(started, ["started", undefined]);
      const moment = Math.random() * 400;
      t.log(`killed after ${moment.toFixed(0)} ms`);
      await sleep(moment);
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }

    await scenario.restartManager({ store: new FileStore(store) });
    for (const request of punts) await scenario.add(request);
    await scenario.manager.resync();
    t.is((await scenario.manager.plan()).toString(), "nothing to do");
    for (const { id } of scenario.manager.list()) await scenario.manager.delete(id);
    t.deepEqual(await snapshot(client), before);
    t.notRegex(await cnf.ip("-brief", "link"), /tap-|vrf/);
  },
);

real("a CNF comes back with another network namespace of its name: its TAP is there again", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, manager } = scenario;
  const [host, cnf] = [await network.host(), await network.host()];
  const vppInterface = await network.link(host, { addresses: ["10.8.0.2/24"], vppAddresses: ["10.8.0.1/24"] });
  const netns = { name: cnf.name };
  const request = { cnf: "cnf", interconnect: "TAP", netns, vppInterface } as const;
  const { id, metadata } = await scenario.add({ ...request, type: "ABX", ingressAclRules: [{ protocol: "ICMP" }] });
  await command("ip", "netns", "del", cnf.name);
  await manager.resync();
  t.is(manager.get(id)?.state, "PENDING");
  t.regex(manager.get(id)!.missing[0]!.text, new RegExp(`network namespace .*${cnf.name}`));

  await command("ip", "netns", "add", cnf.name);
  // With abf, which does not punt multicast, the punt is DEGRADED.
  await until(
    "CREATED or DEGRADED",
    async () => {
      await manager.resync();
      return /^(CREATED|DEGRADED)$/.test(manager.get(id)?.state ?? "");
    },
    () => JSON.stringify(manager.get(id)),
  );
  const { name, addresses } = metadata.interconnects[0]!.cnfInterface!;
  t.regex(await cnf.ip("addr", "show", "dev", name), new RegExp(addresses[0]!));
  t.is(await host.ping("10.8.0.1"), 3, "answered in the CNF");
});

real(
  "two CNFs share what allows sharing; any other request is refused with both names, and changes nothing",
  async (t) => {
    const scenario = await Scenario.start(t);
    const { network, manager, client } = scenario;
    const { host, vppInterface } = await network.neighbor("10.9.0");
    const span = { type: "SPAN", interconnect: "MEMIF", vppInterface } as const;
    const probes = [await scenario.add({ ...span, cnf: "one" }), await scenario.add({ ...span, cnf: "two" })];
    const ports = [await scenario.memif(probes[0]!), await scenario.memif(probes[1]!)];
    const counts = [0, 0];
    for (const [index, port] of ports.entries())
      port.receive((batch) => {
        counts[index]! += batch.length;
      });
    t.is(await host.ping("10.9.0.1"), 3);
    await until(
      "copies for both",
      () => counts.every((count) => count >= 6),
      () => `${counts}`,
    );

    const before = await snapshot(client);
    const hairpin = { ...span, type: "HAIRPIN", cnf: "three", hairpinInterface: { name: "inner" } } as const;
    await manager.add(hairpin, { waitFor: "CREATED", timeout: 10_000 });
    const again = { ...hairpin, cnf: "four", hairpinInterface: { name: "other" } };
    const error = await t.throwsAsync<PuntError>(manager.add(again));
    t.is(error.code, "ERR_CONFLICT");
    t.regex(error.message, /three/);
    t.regex(error.message, /four/);
    t.regex(error.message, new RegExp(`vpp/interface/${vppInterface}`));
    await manager.delete({ cnf: "three" });
    t.deepEqual(await snapshot(client), before);
  },
);

need("root", "vpp", "hosts", "plugin:abx").test.serial(
  "objects of others stay unchanged, even if they look alike",
  async (t) => {
    const scenario = await Scenario.start(t, { manager: { store: new MemoryStore() } });
    const { vpp, client, manager } = scenario;
    const { hosts, interfaces, cnf } = await threeHosts(scenario);
    await vpp.configure(
      "create loopback interface",
      "set interface state loop0 up",
      `create memif socket id 9 filename ${join(vpp.directory, "other.sock")}`,
      "create interface memif id 1 socket-id 9 master",
      "set arp proxy start 10.8.1.0 end 10.8.1.255",
      "set dhcp proxy server 10.8.1.77 src-address 10.8.1.1",
    );
    await client.call("acl_add_replace", { acl_index: 0xffff_ffff, tag: "operator", r: [aclRule()] });
    const policy = { policy_id: 5, acl_index: 0, tx_sw_if_index: 1, dst_mac: "02:00:00:00:00:09" };
    await client.call("abx_policy_add_del", { is_add: 1, policy });
    const before = await scenario.keep();

    const punts = everyType(interfaces, cnf.name, vpp.directory).filter(({ type }) => type !== "DHCP_PROXY");
    for (const request of punts) await scenario.add(request);
    t.is(await hosts[2].ping("10.8.1.1"), 3);
    const refused = await t.throwsAsync<PuntError>(
      manager.add({ type: "DHCP_PROXY", cnf: "cnf1", interconnect: "MEMIF" }),
    );
    t.log(refused.message);
    t.is(refused.code, "ERR_FOREIGN");
    await manager.delete({ cnf: "cnf1" });

    await scenario.restartManager();
    const next = scenario.manager;
    await until("CREATED", () => next.list().every(({ state }) => state === "CREATED"));
    t.is((await next.plan()).toString(), "nothing to do");
    for (const { id } of next.list()) await next.delete(id);
    t.deepEqual(await snapshot(client), before);
  },
);

real(`VPP is killed ${kills} times at random during changes: the result matches the requests`, async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp, client, manager } = scenario;
  const { interfaces, cnf } = await threeHosts(scenario);
  const before = await snapshot(client);
  const punts = everyType(interfaces, cnf.name, vpp.directory);
  for (let kill = 0; kill < kills; kill++) {
    const changes = punts.map((punt) =>
      manager
        .add(punt)
        .then(() => (Math.random() < 0.5 ? manager.delete({ cnf: punt.cnf, key: punt.key! }) : undefined)),
    );
    const moment = Math.random() * 200;
    t.log(`killed after ${moment.toFixed(0)} ms`);
    await sleep(moment);
    await vpp.restart("SIGKILL");
    await vpp.configure(`ip table add ${ownVrf}`);
    await network.restore();
    // A change during VPP's death may have failed. The request still holds.
    await Promise.allSettled(changes);
  }
  for (const request of punts) await scenario.add(request);
  t.is((await manager.plan()).toString(), "nothing to do");
  for (const { id } of manager.list()) await manager.delete(id);
  t.deepEqual(await snapshot(client), before);
  t.notRegex(await cnf.ip("-brief", "link"), /tap-|vrf/);
});
