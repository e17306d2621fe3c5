// The messages that the manager needs, and punts on every built-in release.
import { readFileSync } from "node:fs";
import test from "ava";
import { BUILTIN_RELEASES, Schema, type TraceRecord, Vpp } from "../../lib/binapi/index.js";
import { PuntError } from "../../lib/errors.js";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { FEATURE_NEEDS, type FeatureNeeds, lackOf, VPP_FEATURES } from "../../lib/punt/items/index.js";
import { projectFiles } from "../architecture/source.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";
import { snapshot } from "../support/vpp/snapshot.js";

const needs: readonly FeatureNeeds[] = Object.values(FEATURE_NEEDS);

test("every message that the manager sends is in the table of messages", (t) => {
  const listed = new Set<string>(needs.flatMap(({ messages }) => messages.flat()));
  const sent = new Set<string>();
  for (const file of projectFiles().filter((name) => /^lib\/punt\/.*\.ts$/.test(name))) {
    for (const [, name] of readFileSync(file, "utf8").matchAll(/vpp\.(?:call|dumpAll|has|subscribe)\(\s*"(\w+)"/g))
      sent.add(name!);
  }
  t.true(sent.size > 40);
  t.deepEqual(
    [...sent].filter((name) => !listed.has(name)),
    [],
  );
});

test("every message in the table is built in", (t) => {
  const builtin = Schema.builtin();
  for (const name of needs.flatMap(({ messages }) => messages.flat())) t.true(builtin.has(name), name);
});

test("a VPP without any message of a plugin lacks the plugin; otherwise it lacks the messages, with all their versions", (t) => {
  const without = (...names: string[]) => lackOf("memif", (name) => !names.includes(name));
  t.is(without(), undefined);
  t.is(without("memif_create_v2", "memif_socket_filename_add_del_v2"), undefined, "22.10");
  t.deepEqual(
    lackOf("memif", () => false),
    { code: "ERR_PLUGIN_MISSING", names: ["memif"], text: "VPP has no plugin memif" },
  );
  t.deepEqual(without("memif_create", "memif_create_v2"), {
    code: "ERR_MESSAGE_MISSING",
    names: ["memif_create_v2", "memif_create"],
    text: "VPP's plugin memif has no message memif_create_v2 nor memif_create that this package knows",
  });
  t.is(lackOf("span", () => false)!.code, "ERR_MESSAGE_MISSING", "a part of VPP is not a plugin");
});

for (const release of BUILTIN_RELEASES) {
  test(`on VPP ${release}, punts of all types come and go, over TAP and MEMIF`, async (t) => {
    const it = await managedVpp({}, { release });
    t.teardown(() => it.close());
    const before = await snapshot(it.client);
    for (const interconnect of ["TAP", "MEMIF"] as const) {
      const added = puntTypes.map((type, index) =>
        it.manager.add(puntOf(type, { cnf: `cnf${index}`, interconnect, subject: index % 3, unique: index })),
      );
      const settled = await Promise.allSettled(added);
      const created = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      const refused = settled.flatMap((one) => (one.status === "rejected" ? [(one.reason as PuntError).code] : []));
      // Some of them conflict with others. The rest must run.
      t.true(created.length >= 5, `${refused}`);
      t.false(
        refused.some((code) => /MISSING/.test(code)),
        `${refused}`,
      );
      t.deepEqual(
        created.map(({ state }) => state),
        created.map(() => "CREATED"),
      );
      t.is((await it.manager.plan()).toString(), "nothing to do");
      await it.restartManager();
      t.is((await it.manager.plan()).toString(), "nothing to do", "in another process");
      await Promise.all(created.map(({ id }) => it.manager.delete(id)));
    }
    t.deepEqual(await snapshot(it.client), before);
  });
}

test("a memif socket gets another number if its own is taken, on a VPP where clients choose the numbers", async (t) => {
  const it = await managedVpp({}, { release: "22.10" });
  t.teardown(() => it.close());
  const span = puntOf("SPAN", { cnf: "a", interconnect: "MEMIF", subject: 0, unique: 0 });
  const { id } = await it.manager.add(span);
  const numbers = async () => {
    const sockets = await it.client.dumpAll("memif_socket_filename_dump");
    return sockets.map(({ socket_id }) => socket_id).filter((number) => number !== 0);
  };
  const [first] = await numbers();
  await it.manager.delete(id);
  t.deepEqual(await numbers(), []);
  const taken = { is_add: true, socket_id: first!, socket_filename: "/tmp/of-somebody-else.sock" };
  await it.client.call("memif_socket_filename_add_del", taken);
  await it.manager.add(span);
  t.deepEqual((await numbers()).sort(), [first!, first! + 1].sort());
});

test("a punt in a VRF answers for its subnet, on a VPP whose dump has indexes in the place of the tables' ids", async (t) => {
  const it = await managedVpp({}, { release: "25.02" });
  t.teardown(() => it.close());
  const { client, manager } = it;
  const cards = await client.dumpAll("sw_interface_dump", { name_filter_valid: true, name_filter: "if4" });
  const { sw_if_index } = cards[0]!;
  const address = { sw_if_index, del_all: false, prefix: "10.0.4.1/24" };
  await client.call("ip_table_add_del", { is_add: true, table: { table_id: 9, is_ip6: false, name: "" } });
  await client.call("sw_interface_add_del_address", { ...address, is_add: false });
  await client.call("sw_interface_set_table", { sw_if_index, is_ipv6: false, vrf_id: 9 });
  await client.call("sw_interface_add_del_address", { ...address, is_add: true });
  const tables = async () => (await client.dumpAll("proxy_arp_dump")).map(({ proxy }) => proxy.table_id);
  const abx = {
    cnf: "a",
    type: "ABX",
    interconnect: "MEMIF",
    vppInterface: "if4",
    ingressAclRules: [{ protocol: "OSPF" }],
  };
  await manager.add({ ...abx, vrf: 9, withoutCnfVrf: true } as PuntRequestInput, { waitFor: "CREATED" });
  t.deepEqual(await tables(), [3]);
  await manager.delete({ cnf: "a" });
  t.deepEqual(await tables(), []);
});

test("many memif sockets are added without a look at all of them for each, on a VPP where clients choose the numbers", async (t) => {
  const it = await managedVpp({}, { release: "22.10" });
  t.teardown(() => it.close());
  let dumps = 0;
  const trace = ({ direction, message }: TraceRecord) => {
    if (direction === "sent" && message === "memif_socket_filename_dump") dumps++;
  };
  const vpp = await Vpp.connect({ socketPath: it.vpp.apiSocket, trace });
  t.teardown(() => vpp.close());
  const manager = await it.restartManager({ vpp });
  const punts = Array.from({ length: 40 }, (_, index) => {
    return puntOf("SPAN", { cnf: "a", key: `${index}`, interconnect: "MEMIF", subject: 0, unique: index });
  });
  const { added } = await manager.apply({ punts }, { keep: true, waitFor: "CREATED" });
  t.is(added.length, punts.length);
  t.true(dumps < 20, `${dumps} dumps`);
});

test("an error names a missing message", async (t) => {
  const it = await managedVpp({}, { release: "22.02", withoutPlugins: ["isisx"] });
  t.teardown(() => it.close());
  const isisx = puntOf("ISISX", { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 });
  const error = await t.throwsAsync(it.manager.add(isisx), { instanceOf: PuntError, code: "ERR_PLUGIN_MISSING" });
  t.regex(error.message, /no plugin isisx.* VPP's plugin linux_cp has no message lcp_osi_proto_enable/);
});

test("the table names every feature", (t) => {
  t.deepEqual([...VPP_FEATURES].sort(), Object.keys(FEATURE_NEEDS).sort());
});
