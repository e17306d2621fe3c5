// Beside others on one VPP: another manager, an agent that deletes all that is not its own at each full resync, and an operator.
import { join } from "node:path";
import test from "ava";
import type { Vpp } from "../../lib/binapi/index.js";
import { MemoryStore, PuntManager, type PuntManagerOptions } from "../../lib/punt/index.js";
import { tapFields } from "../../lib/punt/items/index.js";
import { marksOf } from "../../lib/punt/options.js";
import { until } from "../support/machine/netns.js";
import { cards, managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf } from "../support/punt/punts.js";
import { snapshot } from "../support/vpp/snapshot.js";
import type { Message } from "../support/vpp/tapped.js";

const ALL = 0xffff_ffff;

test("an owner has a folder of memif sockets of its own", (t) => {
  const folders = [{}, { owner: "one" }, { owner: "two" }].map((options) => marksOf(options).memifDirectory);
  t.deepEqual(folders, ["/run/vpp-punt/memif", "/run/vpp-punt/memif-one", "/run/vpp-punt/memif-two"]);
});

/** Objects of an operator that look like ours: a TAP with a name of our form, a memif, a mirror, an ACL, a policy, a registration. */
async function operate(client: Vpp, directory: string): Promise<void> {
  const mac = "02:fd:00:00:00:01";
  const tap = tapFields({ name: "tap-abcde", mac, cnfMac: "02:fe:00:00:00:01", namespace: "", gso: false });
  const { sw_if_index: index } = await client.call("tap_create_v3", tap);
  await client.call("sw_interface_set_flags", { sw_if_index: index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
  const socket = { is_add: true, socket_id: 9, socket_filename: join(directory, "operator.sock") };
  await client.call("memif_socket_filename_add_del_v2", socket);
  const [card] = await client
    .dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" })
    .then((all) => all.filter(({ interface_name }) => interface_name === "if4"));
  const ends = { sw_if_index_from: card!.sw_if_index, sw_if_index_to: index };
  await client.call("sw_interface_span_enable_disable", { ...ends, state: "SPAN_STATE_API_RX", is_l2: false });
  const rule = { is_permit: "ACL_ACTION_API_PERMIT", src_prefix: "0.0.0.0/0", dst_prefix: "0.0.0.0/0", proto: 6 };
  const ports = { srcport_or_icmptype_first: 0, srcport_or_icmptype_last: 0, dstport_or_icmpcode_first: 0 };
  const rest = { dstport_or_icmpcode_last: 0, tcp_flags_mask: 0, tcp_flags_value: 0 };
  const r = [{ ...rule, ...ports, ...rest }];
  const acl: Message = await client.call("acl_add_replace", { acl_index: ALL, tag: "operator", r } as never);
  const policy = { policy_id: 112 << 24, acl_index: acl.acl_index, tx_sw_if_index: index, dst_mac: mac };
  await client.call("abx_policy_add_del", { is_add: 1, policy: { ...policy, policy_id: 7 } });
  const l4 = { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: 4000 } as const;
  const punt = { type: "PUNT_API_TYPE_L4", punt: { l4 } } as const;
  await client.call("punt_socket_register", { header_version: 1, punt, pathname: join(directory, "operator.punt") });
}

/** Does a full resync as an agent that knows only the operator's objects: it deletes all others. Returns the number of interfaces among them. */
async function fullResync(client: Vpp): Promise<number> {
  const details = await client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
  const ours = details.filter(
    (detail) => detail.tag !== "" && detail.tag !== "tap-abcde" && !cards.includes(detail.tag),
  );
  const indexes = new Set(ours.map((detail) => detail.sw_if_index));
  for (const { attach } of await client.dumpAll("abx_interface_attach_dump", {}))
    await client.call("abx_interface_attach_detach", { is_attach: 0, attach });
  for (const { policy } of await client.dumpAll("abx_policy_dump", {}))
    if (policy.policy_id !== 7) await client.call("abx_policy_add_del", { is_add: 0, policy });
  for (const { tag, acl_index } of await client.dumpAll("acl_dump", { acl_index: ALL }))
    if (tag !== "operator") await client.call("acl_del", { acl_index });
  for (const { punt } of await client.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_L4" }))
    if (punt.punt.l4!.port !== 4000) await client.call("punt_socket_deregister", { punt });
  for (const { sw_if_index } of await client.dumpAll("sw_interface_tap_v2_dump", { sw_if_index: ALL }))
    if (indexes.has(sw_if_index)) await client.call("tap_delete_v2", { sw_if_index });
  for (const { sw_if_index } of await client.dumpAll("memif_dump", {}))
    if (indexes.has(sw_if_index)) await client.call("memif_delete", { sw_if_index });
  return indexes.size;
}

test("objects that an agent's full resync deletes come back; those of the operator and of the other manager stay untouched", async (t) => {
  const it = await managedVpp({ resyncInterval: 200 });
  t.teardown(() => it.close());
  await operate(it.client, it.directory);
  const operators = await snapshot(it.client);
  const common: PuntManagerOptions = { vpp: it.client, host: it.host, resyncInterval: 200 };
  const memifDirectory = join(it.directory, "memif-other");
  const other = await PuntManager.start({ ...common, store: new MemoryStore(), owner: "other", memifDirectory });
  t.teardown(() => other.close());
  for (const [manager, subject] of [
    [it.manager, 0],
    [other, 1],
  ] as const) {
    for (const type of ["SPAN", "ABX", "ISISX"] as const)
      await manager.add(puntOf(type, { cnf: "a", interconnect: "TAP", subject, unique: subject }));
    await manager.add(puntOf("SPAN", { cnf: "m", interconnect: "MEMIF", subject, unique: subject, key: "m" }));
    await manager.add(puntOf("PUNT_TO_SOCKET", { cnf: "s", interconnect: "TAP", subject, unique: subject }));
  }
  await Promise.all([it.manager.resync(), other.resync()]);
  const before = await snapshot(it.client);
  for (const line of operators) t.true(before.includes(line), line);

  // The managers may put objects back before the agent has deleted the last one, so the deletions are counted.
  t.true((await fullResync(it.client)) >= 4, "a TAP and a memif of each manager");
  await until(
    "both managers' objects",
    async () => JSON.stringify(await snapshot(it.client)) === JSON.stringify(before),
  );
  // A step that failed while the agent deleted is tried again.
  for (const manager of [it.manager, other])
    await until(
      "every punt of a manager",
      () => manager.list().every(({ state }) => state === "CREATED"),
      () => JSON.stringify(manager.list()),
    );

  for (const manager of [it.manager, other]) for (const { id } of manager.list()) await manager.delete(id);
  t.deepEqual(await snapshot(it.client), operators);
});
