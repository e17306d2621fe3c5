// The life of a punt: waits, failures, retries, restarts of VPP and of the manager, and missing plugins.
import { existsSync } from "node:fs";
import { chown, lstat, mkdir, readdir, rename, rm, rmdir, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import type { PuntEvent, PuntRequestInput, PuntStatus } from "../../lib/punt/index.js";
import { need } from "../support/need.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf } from "../support/punt/punts.js";
import { snapshot } from "../support/vpp/snapshot.js";

const span = (vppInterface: string): PuntRequestInput => ({
  cnf: "cnf1",
  type: "SPAN",
  interconnect: "MEMIF",
  vppInterface,
});

test("a punt of packets that VPP gives up is made, known again, and deleted", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const request = { cnf: "a", type: "PUNT_TO_SOCKET", socketPath: "/run/a.sock" } as const;
  await it.manager.add({ ...request, exception: { reason: "ipsec4-no-such-tunnel" } }, { waitFor: "CREATED" });
  t.deepEqual((await it.manager.plan()).steps, []);
  await it.manager.delete({ cnf: "a" });
  t.deepEqual(await it.client.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_EXCEPTION" }), []);
});

test("a punt waits for its interface, and waits again after the interface has gone", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const asked = { ...span("loop7"), direction: "tx" } as const;
  const { id, state, missing } = await it.manager.add(asked);
  t.is(state, "PENDING");
  t.deepEqual(
    missing.map((one) => one.text),
    ["VPP interface loop7"],
  );
  const created = it.manager.add(asked, { waitFor: "CREATED" });
  const loop = await it.client.call("create_loopback_instance", {
    mac_address: "02:fb:00:00:00:07",
    is_specified: true,
    user_instance: 7,
  });
  t.like(await created, { state: "DEGRADED", reasons: [{ code: "INTERFACE_DOWN" }] });
  await it.client.call("sw_interface_set_flags", {
    sw_if_index: loop.sw_if_index,
    flags: ["IF_STATUS_API_FLAG_ADMIN_UP"],
  });
  await it.manager.resync();
  t.is(it.manager.get(id)?.state, "CREATED");
  const waiting = new Promise<PuntEvent>((resolve) => it.manager.once("state", resolve));
  await it.client.call("delete_loopback", { sw_if_index: loop.sw_if_index });
  await it.manager.resync();
  t.like(await waiting, { from: "CREATED", to: "PENDING", id });
});

need("root").test("the folder of the memif sockets belongs to the group of VPP's API socket", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const group = 4_711;
  await chown(it.vpp.apiSocket, -1, group);
  await it.manager.add(span("if0"), { waitFor: "CREATED" });
  const { gid, mode } = await stat(join(it.directory, "memif"));
  t.is(gid, group);
  t.is(mode & 0o777, 0o750);
});

test("a memif whose socket file was removed is made again, with its folder, unless a CNF is connected", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { id, metadata } = await it.manager.add(span("if0"), { waitFor: "CREATED" });
  const folder = join(it.directory, "memif");
  const [file] = await readdir(folder);
  const attached = it.manager.attach(id);
  t.teardown(() => attached.close());
  // VPP sees the end of a connection a moment after its client.
  const isConnected = async () => (await it.vpp.interfaces()).some(({ name, linkUp }) => /^memif/.test(name) && linkUp);
  while (!(await isConnected())) await new Promise((resolve) => setTimeout(resolve, 10));
  await rm(folder, { recursive: true });
  await it.manager.resync();
  t.true(await isConnected());
  t.false(existsSync(folder));
  attached.close();
  while (await isConnected()) await new Promise((resolve) => setTimeout(resolve, 10));
  await it.manager.resync();
  t.deepEqual(await readdir(folder), [file]);
  t.is(it.manager.get(id)?.state, "CREATED");
  t.deepEqual(it.manager.get(id)?.metadata, metadata);
});

test("a memif at whose socket VPP could not listen is FAILED with the reasons, and CNFs can connect once VPP can", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const status = await it.manager.add(span("if0"));
  const { attachment } = status.metadata.interconnects[0]!;
  const socket = attachment.kind === "memif" ? attachment.socket : "";
  await it.manager.delete(status.id);
  await mkdir(socket);
  await t.throwsAsync(it.manager.add(span("if0"), { waitFor: "CREATED" }), {
    code: "VPP_SYSCALL_ERROR_4",
    message: /cannot listen at .*known reasons: it has no free file descriptor/,
  });
  const created = new Promise((resolve) => it.manager.on("state", ({ to }) => to === "CREATED" && resolve(to)));
  await rmdir(socket);
  await created;
  // VPP does not listen for a memif on a socket for which an earlier one failed.
  t.true((await lstat(socket)).isSocket());
});

test("a folder of memif sockets that cannot be read is not taken for one without files", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.add(span("if0"), { waitFor: "CREATED" });
  await it.manager.resync();
  const folder = join(it.directory, "memif");
  await rename(folder, `${folder}.aside`);
  await symlink(folder, folder);
  const before = await snapshot(it.client);
  await it.manager.resync();
  t.deepEqual(await snapshot(it.client), before);
  t.is((await it.manager.plan()).toString(), "nothing to do");
});

test("a punt whose object VPP could not change is deleted at once, and not when the change is due again", async (t) => {
  const it = await managedVpp({ retry: { firstDelay: 600_000, longestDelay: 600_000 } });
  t.teardown(() => it.close());
  const abx = { cnf: "cnf1", type: "ABX", interconnect: "MEMIF", vppInterface: "if0" } as const;
  await it.manager.add({ ...abx, ingressAclRules: [{ protocol: "UDP" }] }, { waitFor: "CREATED" });
  it.vpp.faults.add({ message: "acl_add_replace", action: { kind: "refuse", error: "UNSPECIFIED" } });
  await t.throwsAsync(it.manager.update({ ...abx, ingressAclRules: [{ protocol: "TCP" }] }), {
    code: "VPP_UNSPECIFIED",
  });
  await it.manager.delete({ cnf: "cnf1" });
  t.deepEqual(it.manager.list(), []);
  t.is((await it.manager.plan()).toString(), "nothing to do");
});

test("a delete right after the start of a manager resolves when nothing of the punt is left, of any type", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const before = await snapshot(it.client);
  for (const type of ["SPAN", "ABX", "PUNT_TO_SOCKET", "DHCP_PROXY", "ISISX"] as const) {
    const request = puntOf(type, { cnf: "cnf1", interconnect: "TAP", subject: 0, unique: 1 });
    const { id } = await it.manager.add(request, { waitFor: "CREATED", timeout: 10_000 });
    const manager = await it.restartManager();
    await manager.delete(id);
    t.deepEqual(await snapshot(it.client), before, type);
  }
});

test("so it is with a punt whose interface has gone, which this manager has not seen whole", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const interfaces = () => it.client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
  const before = (await interfaces()).length;
  const { sw_if_index } = await it.client.call("create_loopback", { mac_address: "02:00:00:00:00:07" });
  const { id } = await it.manager.add(span("loop0"), { waitFor: "CREATED" });
  await it.manager.close();
  await it.client.call("delete_loopback", { sw_if_index });
  const manager = await it.restartManager();
  const told = new Promise((resolve) =>
    manager.once("state", ({ to }) => interfaces().then(({ length }) => resolve([to, length]))),
  );
  await manager.delete(id);
  t.deepEqual(await told, ["DELETED", before]);
});

test("a punt that VPP refuses is FAILED with the item, VPP's name and number, and is tried again until it is CREATED", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  it.vpp.faults.add({ message: "memif_create_v2", action: { kind: "refuse", error: "UNSPECIFIED" }, times: 3 });
  const events: PuntEvent[] = [];
  it.manager.on("state", (event) => events.push(event));
  const error = await t.throwsAsync(it.manager.add(span("if0")), { instanceOf: PuntError });
  t.is(error.code, "VPP_UNSPECIFIED");
  t.like(error.details, { number: -1, attempts: 1 });
  t.regex(String(error.details.item), /^interface\/memif-/);
  t.is(it.manager.get({ cnf: "cnf1" })?.state, "FAILED");
  // Each call waits for the next result, and each failed attempt is one.
  for (let attempts = 0; attempts < 10 && it.manager.get({ cnf: "cnf1" })?.state !== "CREATED"; attempts++)
    await it.manager.resync();
  t.is(it.manager.get({ cnf: "cnf1" })?.state, "CREATED");
  t.deepEqual([...new Set(events.map((event) => event.to))], ["INIT", "FAILED", "CREATED"]);
  t.true(events.some((event) => (event.status.failure?.attempts ?? 0) === 3));
});

test("after VPP's restart every object exists again, with the same names, MAC addresses and sockets", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  for (const [index, type] of (["ABX", "DHCP_PROXY", "PUNT_TO_SOCKET", "HAIRPIN"] as const).entries()) {
    await it.manager.add(
      puntOf(type, { cnf: type, interconnect: "MEMIF", subject: index % 2, unique: index, folder: it.directory }),
    );
  }
  const before = await snapshot(it.client);
  const secrets = it.manager.list().map((one) => JSON.stringify(one.metadata.interconnects.map((ic) => ic.attachment)));
  await it.restartVpp();
  await it.manager.resync();
  t.deepEqual(await snapshot(it.client), before);
  t.deepEqual(
    it.manager.list().map((one) => JSON.stringify(one.metadata.interconnects.map((ic) => ic.attachment))),
    secrets,
  );
});

test("a manager with the store of another finds the objects and changes nothing", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.add(puntOf("ABX", { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 }));
  await it.manager.add(puntOf("PUNT_TO_SOCKET", { cnf: "b", interconnect: "TAP", subject: 0, unique: 1 }));
  const indexes = (await it.vpp.interfaces()).map((one) => `${one.name} ${one.swIfIndex}`);
  await it.restartManager();
  await it.manager.resync();
  t.deepEqual(
    it.manager.list().map((one) => one.state),
    ["CREATED", "CREATED"],
  );
  t.deepEqual(
    (await it.vpp.interfaces()).map((one) => `${one.name} ${one.swIfIndex}`),
    indexes,
    "nothing was created again",
  );
});

test("a manager with an empty store deletes the objects of an earlier manager, and nothing else", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const before = await snapshot(it.client);
  await it.manager.add(puntOf("HAIRPIN_XCONNECT", { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 }));
  await it.manager.add(puntOf("SPAN", { cnf: "a", interconnect: "MEMIF", subject: 1, unique: 0 }));
  t.notDeepEqual(await snapshot(it.client), before);
  await it.store.save({ punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} });
  await it.restartManager();
  await it.manager.resync();
  t.deepEqual(await snapshot(it.client), before);
});

test("addresses that change on the interface change the ACLs, the CNF's addresses and the proxy ARP ranges", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { id } = await it.manager.add(puntOf("ABX", { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 }));
  const sw_if_index = it.vpp.interface("if0").swIfIndex;
  await it.client.call("sw_interface_add_del_address", {
    sw_if_index,
    is_add: false,
    del_all: false,
    prefix: "10.0.0.1/24",
  });
  await it.client.call("sw_interface_add_del_address", {
    sw_if_index,
    is_add: true,
    del_all: false,
    prefix: "10.50.0.1/16",
  });
  await it.manager.resync();
  const { state, metadata } = it.manager.get(id)!;
  t.is(state, "CREATED");
  t.deepEqual(metadata.interconnects[0]!.cnfInterface!.addresses, ["10.50.0.1/16"]);
  const [link] = await it.host.links("");
  t.deepEqual(link!.addresses, ["10.50.0.1/16"]);
  const text = (await snapshot(it.client)).join("\n");
  t.regex(text, /proxy-arp 0 10\.50\.0\.0-10\.50\.255\.255/);
  t.notRegex(text, /proxy-arp 0 10\.0\.0\.0/);
  t.regex(text, /^acl .*10\.50\.0\.1\/32/m);
  t.notRegex(text, /^acl .*10\.0\.0\.1\/32/m);
});

test("a punt with an ABX rule for a family without an address on the interface is FAILED, with the rule", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const rules = [{ protocol: "OSPF" as const }, { sourceNetwork: "fd00::/8" }];
  const request: PuntRequestInput = {
    cnf: "a",
    type: "ABX",
    interconnect: "TAP",
    vppInterface: "if0",
    ingressAclRules: rules,
  };
  const error = await t.throwsAsync(it.manager.add(request), { instanceOf: PuntError });
  t.is(error.code, "ERR_ACL_RULE");
  t.regex(error.message, /ingressAclRules\[1\].*IPv6.*if0/);
});

const standIns: [string, string[], string, RegExp][] = [
  ["ABX", ["abx"], "abf-attach", /unicast IP only/],
  ["ISISX", ["isisx"], "osi-proto", /linux-cp/],
];
for (const [type, withoutPlugins, item, limit] of standIns) {
  test(`${type} without its plugin is made from features of stock VPP, and its limits name the packets that they cannot carry`, async (t) => {
    const it = await managedVpp({}, { withoutPlugins });
    t.teardown(() => it.close());
    const request = puntOf(type as "ABX", { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 });
    const plan = await it.manager.plan({ add: [request] });
    t.true(
      plan.steps.some((step) => step.item.startsWith(item)),
      plan.toString(),
    );
    const before = await snapshot(it.client);
    const { id, state, metadata } = await it.manager.add(request);
    t.is(state, "CREATED");
    t.regex(metadata.caveats.join("; "), limit);
    t.is((await it.manager.plan()).toString(), "nothing to do");
    await it.manager.delete(id);
    t.deepEqual(await snapshot(it.client), before);
  });
}

test("ABX and ISISX are FAILED, with the plugin, if VPP has neither the plugin nor a stand-in", async (t) => {
  const it = await managedVpp({}, { withoutPlugins: ["abx", "abf", "isisx", "linux_cp"] });
  t.teardown(() => it.close());
  for (const [type, plugin] of [
    ["ABX", "abx"],
    ["ISISX", "isisx"],
  ] as const) {
    const error = await t.throwsAsync(
      it.manager.add(puntOf(type, { cnf: type, interconnect: "TAP", subject: 0, unique: 0 })),
      { instanceOf: PuntError },
    );
    t.is(error.code, "ERR_PLUGIN_MISSING");
    t.regex(error.message, new RegExp(plugin));
  }
});

test("a dry run lists the objects to create in their order, and changes nothing", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const before = await snapshot(it.client);
  const plan = await it.manager.plan({ add: [span("if0")] });
  t.deepEqual(
    plan.steps.map((step) => step.item.split("/")[0]),
    ["memif-socket", "interface", "link", "span"],
  );
  t.regex(plan.toString(), /create\s+span\/if0\/memif-\w{5}\/device {2}\(wanted, and not there; for cnf1\)/);
  t.deepEqual(await snapshot(it.client), before);
  t.deepEqual(it.manager.list(), []);
});

test("a conflicting object of another owner is named and left alone", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const indexes = ["if0", "if1"].map((name) => it.vpp.interface(name).swIfIndex);
  await it.client.call("sw_interface_set_l2_xconnect", {
    rx_sw_if_index: indexes[0]!,
    tx_sw_if_index: indexes[1]!,
    enable: true,
  });
  const request = puntOf("HAIRPIN", { cnf: "a", interconnect: "TAP", subject: 0, unique: 0 });
  const error = await t.throwsAsync(it.manager.add(request), { instanceOf: PuntError });
  t.is(error.code, "ERR_FOREIGN");
  t.regex((await snapshot(it.client)).join("\n"), /^xconnect if0 if1$/m);
});

test("the tag and VPP's name of an interface name the same interface", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { swIfIndex } = it.vpp.interface("if1");
  await it.client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index: swIfIndex, tag: "wan" });
  t.is((await it.manager.add(span("wan"))).state, "CREATED");
  const hairpin = (cnf: string, vppInterface: string) =>
    ({ cnf, type: "HAIRPIN", interconnect: "MEMIF", vppInterface, hairpinInterface: { name: cnf } }) as const;
  t.is((await it.manager.add(hairpin("one", "if1"))).state, "CREATED");
  const both = { code: "ERR_CONFLICT", message: /punt other .* and punt one .* both want vpp\/interface\/if1/ };
  await t.throwsAsync(it.manager.add(hairpin("other", "wan")), both);
});

test("memif sockets are in a folder of the manager that other users cannot enter", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.add(span("if0"));
  t.is((await stat(join(it.directory, "memif"))).mode & 0o777, 0o750);
});

test("a punt is refused if no subnet is left, and a released subnet is used again", async (t) => {
  const it = await managedVpp({ subnets: { ipv4: "10.255.0.0/30" } });
  t.teardown(() => it.close());
  const proxy = (vrf: number) => ({ cnf: "a", key: `${vrf}`, type: "DHCP_PROXY", interconnect: "MEMIF", vrf }) as const;
  const addresses = (status: PuntStatus) => status.metadata.interconnects[0]?.cnfInterface?.addresses;
  const first = await it.manager.add(proxy(1));
  t.deepEqual(addresses(first), ["10.255.0.2/30"]);
  const before = await snapshot(it.client);
  await t.throwsAsync(it.manager.add(proxy(2)), { code: "ERR_POOL_EXHAUSTED" });
  t.is(it.manager.list().length, 1);
  t.deepEqual(await snapshot(it.client), before);
  await it.manager.delete(first.id);
  t.deepEqual(addresses(await it.manager.add(proxy(2))), ["10.255.0.2/30"]);
});

test("a proxy-ARP range and the mirror of an interface stay for as long as any punt needs them", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const both = async (make: (cnf: string) => PuntRequestInput, line: RegExp) => {
    const has = async () => (await snapshot(it.client)).some((one) => line.test(one));
    const [one, other] = [await it.manager.add(make("one")), await it.manager.add(make("other"))];
    t.true(await has());
    await it.manager.delete(one.id);
    t.true(await has(), "the other needs it");
    await it.manager.delete(other.id);
    t.false(await has());
  };
  const place = { interconnect: "TAP", subject: 0, unique: 0 } as const;
  await both((cnf) => puntOf("ABX", { cnf, netns: cnf, ...place }), /10\.0\.0\.0.*10\.0\.0\.255/);
  await both((cnf) => puntOf("SPAN", { cnf, netns: "shared", ...place }), /^span/);
});

test("the next try of a punt that fails is a time of now, also when the connection comes back", async (t) => {
  const it = await managedVpp({ retry: { firstDelay: 600_000, longestDelay: 600_000 } });
  t.teardown(() => it.close());
  const start = Date.now();
  const times: number[] = [];
  it.manager.on("state", ({ status }) => void (status.failure && times.push(status.failure.nextTry.getTime())));
  const refused = { message: "sw_interface_span_enable_disable", times: 2 } as const;
  it.vpp.faults.add({ ...refused, action: { kind: "refuse", error: "UNSPECIFIED" } });
  const punt = puntOf("SPAN", { cnf: "a", interconnect: "MEMIF", subject: 0, unique: 0 });
  const error = (await t.throwsAsync(it.manager.add(punt))) as PuntError;
  times.push(new Date(error.details.nextTry as Date).getTime());
  it.vpp.faults.add({ message: "sw_interface_dump", action: { kind: "crash" } });
  await it.manager.resync().catch(() => {});
  while (it.manager.list()[0]?.state !== "CREATED") {
    await it.manager.resync().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.true(times.length >= 2);
  for (const time of times) t.true(time >= start && time <= Date.now() + 600_000);
});
