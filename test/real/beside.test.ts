// Beside others on a real VPP: two managers, an operator with VPP's command line, and an agent whose full resync deletes all that it does not know.
import { join } from "node:path";
import type { Vpp } from "../../lib/binapi/index.js";
import { MemoryStore, PuntManager, type PuntRequestInput } from "../../lib/punt/index.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { everyInterface, Scenario } from "../support/vpp/scenario.js";
import { snapshot } from "../support/vpp/snapshot.js";

const ALL = 0xffff_ffff;

/** The things of the operator, which the agent has in its configuration. */
interface Known {
  readonly interfaces: ReadonlySet<number>;
  readonly acls: ReadonlySet<number>;
  readonly policies: ReadonlySet<number>;
  readonly ports: ReadonlySet<number>;
}

async function everything(client: Vpp): Promise<Known> {
  const [interfaces, acls, policies, punts] = await Promise.all([
    client.dumpAll("sw_interface_dump", everyInterface),
    client.dumpAll("acl_dump", { acl_index: ALL }),
    client.dumpAll("abx_policy_dump", {}),
    client.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_L4" }),
  ]);
  return {
    interfaces: new Set(interfaces.map(({ sw_if_index }) => sw_if_index)),
    acls: new Set(acls.map(({ acl_index }) => acl_index)),
    policies: new Set(policies.map(({ policy }) => policy.policy_id)),
    ports: new Set(punts.map(({ punt }) => punt.punt.l4!.port)),
  };
}

/** Deletes all but the known things, as a vpp-agent does at its start. Returns the number of interfaces that it deleted. */
async function fullResync(client: Vpp, known: Known): Promise<number> {
  for (const { attach } of await client.dumpAll("abx_interface_attach_dump", {}))
    if (!known.policies.has(attach.policy_id))
      await client.call("abx_interface_attach_detach", { is_attach: 0, attach }).catch(() => {});
  for (const { policy } of await client.dumpAll("abx_policy_dump", {}))
    if (!known.policies.has(policy.policy_id))
      await client.call("abx_policy_add_del", { is_add: 0, policy }).catch(() => {});
  for (const { acl_index } of await client.dumpAll("acl_dump", { acl_index: ALL }))
    if (!known.acls.has(acl_index)) await client.call("acl_del", { acl_index }).catch(() => {});
  for (const { punt } of await client.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_L4" }))
    if (!known.ports.has(punt.punt.l4!.port)) await client.call("punt_socket_deregister", { punt }).catch(() => {});
  let deleted = 0;
  const details = await client.dumpAll("sw_interface_dump", everyInterface);
  for (const { sw_if_index, interface_name: name } of details.filter(
    (each) => !known.interfaces.has(each.sw_if_index),
  )) {
    if (name.startsWith("memif")) await client.call("memif_delete", { sw_if_index });
    else if (name.startsWith("tap")) await client.call("tap_delete_v2", { sw_if_index });
    else await client.call("af_packet_delete", { host_if_name: name.replace(/^host-/, "") });
    deleted++;
  }
  return deleted;
}

need("root", "vpp", "hosts", "plugin:abx").test.serial(
  "what an agent's full resync deletes comes back; nothing of the operator's or of the other manager's is touched",
  async (t) => {
    const scenario = await Scenario.start(t, { manager: { resyncInterval: 300 } });
    const { network, vpp, client, manager } = scenario;
    const [one, two] = [await network.neighbor("10.9.1"), await network.neighbor("10.9.2")];
    await vpp.configure("create loopback interface", "set interface state loop0 up");
    await vpp.cli(`set interface span ${one.vppInterface} destination loop0`);
    await vpp.cli("set acl-plugin acl permit proto 6, permit tag operator");
    const operators = await scenario.keep();
    t.is(operators.filter((line) => /^(span|acl) /.test(line)).length, 2, operators.join("\n"));
    const known = await everything(client);
    const memifDirectory = join(vpp.directory, "memif-other");
    const common = { ...scenario.options, store: new MemoryStore(), resyncInterval: 300 };
    const other = await PuntManager.start({ ...common, owner: `u${process.pid}`, memifDirectory });
    t.teardown(() => other.close());
    for (const [who, { vppInterface }, port] of [
      [manager, one, 4000],
      [other, two, 4001],
    ] as const) {
      const rules = [{ protocol: "ICMP", destinationNetwork: "local" }] as const;
      const toHost = { af: "IPV4", protocol: "UDP", port } as const;
      const requests: PuntRequestInput[] = [
        { cnf: "abx", type: "ABX", interconnect: "TAP", vppInterface, ingressAclRules: [...rules] },
        { cnf: "span", type: "SPAN", interconnect: "MEMIF", vppInterface },
        { cnf: "udp", type: "PUNT_TO_SOCKET", toHost, socketPath: join(vpp.directory, `${port}.sock`) },
      ];
      for (const request of requests) await who.add(request, { waitFor: "CREATED", timeout: 20_000 });
    }
    await Promise.all([manager.resync(), other.resync()]);
    const before = await snapshot(client);
    for (const line of operators) t.true(before.includes(line), line);
    t.true((await fullResync(client, known)) >= 4, "a TAP and a memif of each manager");
    const comesBack = () =>
      until(
        "both managers' objects",
        async () => JSON.stringify(await snapshot(client)) === JSON.stringify(before),
        async () => (await snapshot(client)).filter((line) => !before.includes(line)).join("\n"),
      );
    await comesBack();
    // The operator deletes with VPP's command line.
    for (const { interface_name: name } of await client.dumpAll("sw_interface_dump", everyInterface))
      if (name.startsWith("memif")) await vpp.configure(`delete interface memif ${name}`);
    await vpp.configure(`set interface span ${two.vppInterface} disable`);
    await comesBack();
    for (const who of [manager, other]) {
      await until(
        "every punt of a manager",
        () => who.list().every(({ state }) => state === "CREATED"),
        () => JSON.stringify(who.list()),
      );
      t.is((await who.plan()).toString(), "nothing to do");
    }
    // One manager's punts go; the other's stay as they are.
    for (const { id } of other.list()) await other.delete(id);
    t.is((await manager.plan()).toString(), "nothing to do");
    for (const { id } of manager.list()) await manager.delete(id);
    t.deepEqual(await snapshot(client), operators);
  },
);
