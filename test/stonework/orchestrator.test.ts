// CNFs that were written for StoneWork, in Python, under the orchestrator and an embedded VPP.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, createFileRegistry, fromJson } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import test from "ava";
import { SILENT } from "../../lib/logger.js";
import { modelOf, packItem } from "../../lib/stonework/model.js";
import * as wire from "../../lib/stonework/wire.js";
import { need } from "../support/need.js";
import { callerOf } from "../support/stonework/caller.js";
import { stage } from "../support/stonework/cnfs.js";
import { until } from "../support/until.js";

const python = need("python-grpc");

const CONFIG = `
mock1Config:
  MockCnf1_list: [{ ipProtocol: 89, vppInterface: if5, vrf: 1, waitForInterface: if1 }]
mock2Config:
  MockCnf2_list: [{ vppInterface: if5, vrf: 1 }]
`;

/** Writes the file of configuration. */
function configured(text: string) {
  return (directory: string) => {
    const config = join(directory, "config.yaml");
    writeFileSync(config, text);
    return { config };
  };
}

python.test("mockcnf1 and mockcnf2 share a TAP, and get the calls in StoneWork's order", async (t) => {
  const { manager, cnf } = await stage(t, configured(CONFIG));
  const [one, two] = await Promise.all([cnf("mockcnf1", "mock1"), cnf("mockcnf2", "mock2")]);
  await Promise.all([one.hears("CREATED"), two.hears("CREATED")]);
  const [first, second] = manager.list();
  t.deepEqual([first?.state, second?.state], ["CREATED", "CREATED"]);
  const [tap] = first!.metadata.interconnects;
  t.is(tap?.cnfInterface?.name, second?.metadata.interconnects[0]?.cnfInterface?.name);
  t.true(tap?.shared);
  const ends = ["linux.interfaces.interface/vrf1", `linux.interfaces.interface/${tap?.cnfInterface?.name}`];
  t.deepEqual(one.heard, ["INIT", "mock1.mock-type/89", ...ends, "CREATED"]);
  t.deepEqual(two.heard, ["INIT", "mock2.mock-type/if5", ...ends, "CREATED"]);
  t.is(one.calls.find(({ call }) => call === "SetConfig")?.type, "models.ligato.io/mockcnf.MockCnf1");
  const { name, mac: physAddress, addresses: ipAddresses } = tap!.cnfInterface!;
  const last = one.calls.at(-1)?.metadata?.interconnects[0];
  t.deepEqual(last?.cnfInterface as object, { name, physAddress, ipAddresses, vrfRT: 1, vrfName: "vrf1" });
  t.deepEqual(one.calls.find((each) => each.name === name)?.value as object, {
    ...{ name, type: 4, enabled: true, ipAddresses, linkOnly: true, vrfMasterInterface: "vrf1" },
  });
});

python.test("a CNF may have the name of something that every object of JavaScript has", async (t) => {
  const { cnf } = await stage(t, configured("mock2Config: { MockCnf2_list: [{ vppInterface: if5 }] }"));
  await (await cnf("constructor", "mock2")).hears("CREATED");
  t.pass();
});

python.test(
  "an item waits for its interface without a call to the CNF, and is withdrawn when the interface goes",
  async (t) => {
    const { client, manager, cnf } = await stage(t, configured(CONFIG.replace("if1", "loop0")));
    const [one, two] = await Promise.all([cnf("mockcnf1", "mock1"), cnf("mockcnf2", "mock2")]);
    await two.hears("CREATED");
    await until(() => manager.list({ cnf: "mockcnf1" })[0]?.missing.length);
    t.deepEqual(one.heard, []);
    t.regex(manager.list({ cnf: "mockcnf1" })[0]?.missing[0]?.text ?? "", /loop0/);
    const { sw_if_index } = await client.call("create_loopback", { mac_address: "02:00:00:00:00:01" });
    await one.hears("CREATED");
    await client.call("delete_loopback", { sw_if_index });
    await one.until(({ heard }) => heard.includes("DELETED"));
    t.deepEqual(one.heard.slice(5, 7), ["-mock1.mock-type/89", "DELETED"]);
    t.deepEqual(
      two.heard.filter((word) => word === "DELETED"),
      [],
    );
  },
);

python.test("a CNF whose network was cut keeps its punt, and hears afterwards what it missed", async (t) => {
  const warned: string[] = [];
  const logger = { ...SILENT, warn: (_fields: object, message: string) => void warned.push(message) };
  const running = await stage(t, (directory) => ({
    ...configured(CONFIG.replace("if1", "loop0"))(directory),
    ...{ logger, deadline: 1_000 },
  }));
  const { client, manager } = running;
  const makeLoop = () => client.call("create_loopback", { mac_address: "02:00:00:00:00:01" });
  const { sw_if_index } = await makeLoop();
  const { cnf, network } = await running.farCnf("mockcnf1", "mock1");
  await cnf.hears("CREATED");
  network.cut(true);
  t.is(manager.list({ cnf: "mockcnf1" })[0]?.state, "CREATED");
  await client.call("delete_loopback", { sw_if_index });
  await until(() => warned.includes("the CNF does not take UpdatePuntState"));
  await until(() => manager.list({ cnf: "mockcnf1" })[0]?.state === "PENDING");
  t.false(cnf.heard.includes("DELETED"));
  network.cut(false);
  await cnf.hears("DELETED");
  network.cut(true);
  // The orchestrator says again what a busy machine answers too late.
  const { length: before } = cnf.heard.filter((word) => word === "CREATED");
  warned.length = 0;
  await makeLoop();
  await until(() => manager.list({ cnf: "mockcnf1" })[0]?.state === "CREATED");
  await until(() => warned.some((message) => message.startsWith("the CNF does not take")));
  t.is(cnf.heard.filter((word) => word === "CREATED").length, before);
  network.cut(false);
  await cnf.hears("CREATED", before + 1);
});

python.test("a CNF that is stopped is noticed, and hears what it missed when it goes on", async (t) => {
  const said: string[] = [];
  const note = (_fields: object, message: string) => void said.push(message);
  const { cnf, client, manager, orchestrator } = await stage(t, (directory) => ({
    ...configured(CONFIG.replace("if1", "loop0"))(directory),
    ...{ logger: { ...SILENT, info: note, warn: note }, deadline: 1_500, pingInterval: 200 },
  }));
  const { sw_if_index } = await client.call("create_loopback", { mac_address: "02:00:00:00:00:01" });
  const one = await cnf("mockcnf1", "mock1");
  await one.hears("CREATED");
  const state = async () => {
    const response = await fetch(`http://127.0.0.1:${orchestrator.ports.http}/status/info`);
    return ((await response.json()) as { GRPCConnState: number }[])[1]?.GRPCConnState;
  };
  while ((await state()) !== 2);
  one.signal("SIGSTOP");
  await until(() => said.includes("the CNF does not answer any more: its punts stay"));
  t.is(manager.list()[0]?.state, "CREATED");
  while ((await state()) !== 3);
  await client.call("delete_loopback", { sw_if_index });
  await until(() => manager.list()[0]?.state === "PENDING");
  one.signal("SIGCONT");
  await until(() => said.includes("the CNF answers again"));
  await one.hears("DELETED");
  while ((await state()) !== 2);
});

python.test("a CNF that was away when its item was deleted hears of that afterwards", async (t) => {
  const warned: string[] = [];
  const logger = { ...SILENT, warn: (_fields: object, message: string) => void warned.push(message) };
  const running = await stage(t, (directory) => ({ ...configured(CONFIG)(directory), logger, deadline: 1_000 }));
  const { cnf, network } = await running.farCnf("mockcnf1", "mock1");
  await cnf.hears("CREATED");
  const before = cnf.heard;
  network.cut(true);
  writeFileSync(join(running.directory, "config.yaml"), "mock1Config:\n  MockCnf1_list: []\n");
  await running.orchestrator.reload();
  while (running.manager.list().length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  while (!warned.includes("the CNF does not take UpdatePuntState"))
    await new Promise((resolve) => setTimeout(resolve, 10));
  network.cut(false);
  const gone = before.filter((word) => word.includes("/")).map((word) => `-${word}`);
  t.is(gone.length, 3);
  await cnf.until(({ heard }) => ["DELETED", ...gone].every((word) => heard.includes(word)));
});

python.test("a CNF that hangs blocks no other CNF", async (t) => {
  const { cnf, manager } = await stage(t, (directory) => ({ ...configured(CONFIG)(directory), deadline: 1_000 }));
  const [hanging, deaf] = await Promise.all([
    cnf("mockcnf1", "mock1", ["UpdatePuntState", "SetConfig"]),
    cnf("deaf", "mock1", ["DiscoverCnf"]),
  ]);
  const two = await cnf("mockcnf2", "mock2");
  await two.hears("CREATED");
  t.deepEqual(manager.list({ cnf: "mockcnf2" })[0]?.state, "CREATED");
  await hanging.until(({ calls }) => calls.some(({ call }) => call === "SetConfig"));
  await deaf.until(({ calls }) => calls.filter(({ call }) => call === "DiscoverCnf").length > 1);
});

python.test(
  "a CNF gets its calls again after its restart; after the orchestrator's restart, its refusal is tolerated",
  async (t) => {
    const running = await stage(t, configured(CONFIG));
    const before = await running.cnf("mockcnf1", "mock1");
    await before.hears("CREATED");
    const known = running.manager.list()[0]?.metadata;
    await before.end();
    const after = await running.cnf("mockcnf1", "mock1");
    await after.hears("CREATED");
    t.deepEqual(after.heard, before.heard);
    t.deepEqual(running.manager.list()[0]?.metadata, known);
    await running.restartOrchestrator();
    await after.hears("CREATED", 2);
    t.true(after.calls.some(({ refused }) => refused));
  },
);

python.test("items are added, changed and deleted over gRPC, by models that the orchestrator announces", async (t) => {
  const running = await stage(t, (directory) => ({ state: join(directory, "items.json") }));
  const one = await running.cnf("mockcnf2", "mock2");
  const caller = callerOf(running.orchestrator.ports.grpc);
  t.teardown(() => caller.close());
  for (;;) if ((await caller.meta.knownModels({ class: "config" })).knownModels.length > 0) break;
  const { fileDescriptor, fileImportDescriptors } = await caller.meta.protoFileDescriptor({
    fullProtoFileName: "mockcnf/mockcnf2.proto",
  });
  const importOf = (name: string) => fileImportDescriptors?.file.find((file) => file.name === name);
  const message = createFileRegistry(fileDescriptor!, importOf).getMessage("mockcnf.MockCnf2")!;
  const spec = create(wire.ModelSpecSchema, { module: "mock2", version: "v1", type: "mock-type", class: "config" });
  const model = { message, spec, nameTemplate: "{{.VppInterface}}" };
  const item = (vrf: number) => packItem(model, fromJson(message, { vppInterface: "if5", vrf }));
  const { results } = await caller.manager.setConfig({ updates: [{ item: item(1) }] });
  t.like(results[0], { key: "config/mock2/v1/mock-type/if5", op: wire.UpdateResult_Operation.CREATE });
  await one.hears("CREATED");
  const { items } = await caller.manager.getConfig({});
  t.is(items[0]?.item?.id?.name, "if5");
  // The interface is not in VRF 2: the punt waits, and the CNF hears that it is gone.
  await caller.manager.setConfig({ updates: [{ item: item(2) }] });
  await one.hears("DELETED");
  const waiting = (await caller.manager.getConfig({ ids: [{ model: "mock2.mock-type" }] })).items[0]?.status;
  t.like(waiting, { status: "PENDING" });
  t.regex(waiting?.message ?? "", /VRF 2/);
  await running.restartOrchestrator();
  const again = callerOf(running.orchestrator.ports.grpc);
  t.teardown(() => again.close());
  t.is((await again.manager.getConfig({})).items.length, 1);
  for (;;) if ((await again.meta.knownModels({ class: "config" })).knownModels.length > 0) break;
  await again.manager.setConfig({ updates: [{ item: item(1) }] });
  await one.hears("CREATED", 2);
  const { results: gone } = await again.manager.setConfig({ updates: [], overwriteAll: true });
  t.like(gone[0]?.status, { status: "REMOVED" });
  await one.until(({ heard }) => heard.at(-1)?.startsWith("-linux") ?? false);
  const names = one.heard.slice(-4).map((word) => word.replace(/tap-\w+/, "tap"));
  t.deepEqual(names, [
    ...["-mock2.mock-type/if5", "DELETED"],
    ...["-linux.interfaces.interface/vrf1", "-linux.interfaces.interface/tap"],
  ]);
  t.deepEqual(running.manager.list(), []);
});

test("items of unknown models and of Linux are refused, and the pages list the CNFs", async (t) => {
  const { orchestrator } = await stage(t);
  const caller = callerOf(orchestrator.ports.grpc);
  t.teardown(() => caller.close());
  const linux = packItem(modelOf(wire.LinuxInterfaceSchema), create(wire.LinuxInterfaceSchema, { name: "x" }));
  const refused = (item: typeof linux) => t.throwsAsync(caller.manager.setConfig({ updates: [{ item }] }));
  t.like(await refused(linux), { code: Code.Unimplemented });
  t.like(await refused({ ...linux, id: { ...linux.id!, model: "no.model" } }), { code: Code.NotFound });
  const page = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${orchestrator.ports.http}${path}`);
    return { status: response.status, body: await response.json() };
  };
  const { body } = await page("/status/info");
  t.like(body, [
    { PID: process.pid, CnfMode: 2, GRPCPort: orchestrator.ports.grpc, HTTPPort: orchestrator.ports.http },
  ]);
  t.is((await page("/liveness")).status, 200);
  t.is((await page("/readiness")).status, 200);
  t.is((await page("/other")).status, 404);
});

test("a file that is not in ligato's form is refused, and the error names the place", async (t) => {
  for (const [text, message] of [
    ["a: [", /config\.yaml/],
    ["mock1Config: 3", /mock1Config/],
    ["[1]", /groups/],
  ] as const)
    await t.throwsAsync(stage(t, configured(text)), { code: "ERR_INVALID_FILE", message });
  await t.throwsAsync(
    stage(t, () => ({ deadline: -1 })),
    { code: "ERR_OPTION", message: /deadline/ },
  );
});
