// A CNF under StoneWork: the four services as StoneWork calls them.
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, createFileRegistry, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import test, { type ExecutionContext } from "ava";
import { StoneWorkModule, type StoneWorkModuleOptions } from "../../lib/stonework/index.js";
import { modelOf, packItem } from "../../lib/stonework/model.js";
import * as wire from "../../lib/stonework/wire.js";
import { Wire } from "../support/machine/wire.js";
import { callerOf } from "../support/stonework/caller.js";

const { INIT, CREATED, DELETED, UNKNOWN } = wire.PuntState;
const DISCOVER = { swIpAddress: "127.0.0.1", swGrpcPort: 9111, swHttpPort: 9191 };
const PUNT = modelOf(wire.PuntSchema);

interface Running {
  readonly directory: string;
  module: StoneWorkModule;
  /** Ends the module and starts it again with the same state. */
  restart(): Promise<void>;
  connect(): ReturnType<typeof callerOf>;
}

async function running(t: ExecutionContext, more: Partial<StoneWorkModuleOptions> = {}): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), "vpp-punt-stonework-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const options = {
    label: "mycnf",
    directory,
    address: "127.0.0.1",
    host: "127.0.0.1",
    state: join(directory, "state.json"),
  };
  const callers: ReturnType<typeof callerOf>[] = [];
  const one: Running = {
    directory,
    module: await StoneWorkModule.start({ ...options, ...more }),
    async restart() {
      await one.module.close();
      one.module = await StoneWorkModule.start({ ...options, ...more });
    },
    connect() {
      const caller = callerOf(one.module.ports.grpc);
      callers.push(caller);
      return caller;
    },
  };
  t.teardown(async () => {
    for (const caller of callers) caller.close();
    await one.module.close();
  });
  return one;
}

function item(name = "ospf") {
  const abx = {
    vppInterface: "loop1",
    vrf: 1,
    ingressAclRules: [{ ip: { destinationNetwork: "local", protocol: 89 } }],
  };
  const request = { puntType: wire.PuntRequest_PuntType.ABX, config: { case: "abx" as const, value: abx } };
  return packItem(PUNT, create(wire.PuntSchema, { name, request, waitForInterfaces: ["loop2"] }));
}

function metadata(label = "ospf", cnfSelector = "memif::wCqiu"): MessageInitShape<typeof wire.PuntMetadataSchema> {
  const cnfInterface = { name: "memif-abcde", physAddress: "02:fe:00:00:00:01", ipAddresses: ["10.0.0.2/30"] };
  return {
    id: { cnfMsLabel: "mycnf", key: "config/vpppunt/v1/punt/ospf", label },
    interconnects: [{ id: { vppSelector: "v", cnfSelector }, cnfInterface, vppInterface: { name: "memif-abcde" } }],
  };
}

async function refused(t: ExecutionContext, call: Promise<unknown>, code: Code, text: RegExp): Promise<void> {
  const error = await t.throwsAsync(call, { instanceOf: ConnectError });
  t.is((error as ConnectError | undefined)?.code, code);
  t.regex(error?.message ?? "", text);
}

test("a module announces itself by one file that is renamed into the directory", async (t) => {
  const { directory, module } = await running(t);
  t.deepEqual(readdirSync(join(directory, "discovery")), ["mycnf.pid"]);
  t.deepEqual(JSON.parse(readFileSync(join(directory, "discovery/mycnf.pid"), "utf8")), {
    ...{ pid: process.pid, "ms-label": "mycnf", "ip-address": "127.0.0.1" },
    ...{ "grpc-port": module.ports.grpc, "http-port": module.ports.http },
  });
  const status = await fetch(`http://127.0.0.1:${module.ports.http}/scheduler/status?key-prefix=&key=`);
  t.deepEqual(await status.json(), []);
});

test("a second DiscoverCnf is refused until the connection of the first is gone", async (t) => {
  const one = await running(t);
  const first = one.connect();
  const found = await first.discovery.discoverCnf(DISCOVER);
  t.is(found.cnfMsLabel, "mycnf");
  t.like(found.configModels[0], { protoName: "vpppunt.Punt", withPunt: true, withDeps: true, withRetrieve: false });
  t.deepEqual(one.module.stoneWork, { address: "127.0.0.1", grpcPort: 9111, httpPort: 9191 });
  const second = one.connect();
  await refused(t, second.discovery.discoverCnf(DISCOVER), Code.AlreadyExists, /discovered already/);
  await refused(t, first.discovery.discoverCnf(DISCOVER), Code.AlreadyExists, /discovered already/);
  first.close();
  // The module sees the end of the connection after the caller.
  for (;;) {
    const again = await second.discovery.discoverCnf(DISCOVER).catch((error: ConnectError) => error);
    if (!(again instanceof ConnectError)) break;
    t.is(again.code, Code.AlreadyExists);
  }
});

test("the models come with all that StoneWork needs to build them", async (t) => {
  const one = await running(t);
  const { meta } = one.connect();
  const { knownModels } = await meta.knownModels({ class: "config" });
  t.deepEqual(
    knownModels.map(({ protoName }) => protoName),
    ["vpppunt.Punt", "ligato.linux.interfaces.Interface", "ligato.vpp.interfaces.Interface"],
  );
  t.deepEqual((await meta.knownModels({ class: "metrics" })).knownModels, []);
  for (const { options, protoName } of knownModels) {
    const value = (key: string) => options.find((option) => option.key === key)?.values[0] ?? "";
    t.regex(value("nameTemplate"), /^\{\{\.\w+\}\}$/);
    const file = await meta.protoFileDescriptor({ fullProtoFileName: value("protoFile") });
    const imports = file.fileImportDescriptors?.file ?? [];
    const set = create(FileDescriptorSetSchema, { file: [...imports, file.fileDescriptor!] });
    t.truthy(createFileRegistry(set).getMessage(protoName), protoName);
  }
  await refused(t, meta.protoFileDescriptor({ fullProtoFileName: "no.proto" }), Code.NotFound, /no\.proto/);
});

test("an item says its punts and dependencies", async (t) => {
  const one = await running(t);
  const { discovery } = one.connect();
  const { puntRequests } = await discovery.getPuntRequests(item());
  t.like(puntRequests[0], { label: "ospf", puntType: wire.PuntRequest_PuntType.ABX });
  const { dependencies } = await discovery.getItemDependencies(item());
  t.deepEqual(
    dependencies.map(({ dep }) => dep.value),
    ["config/vpp/v2/interfaces/loop2"],
  );
  const unknown = { id: { model: "no.model", name: "x" } };
  await refused(t, discovery.getPuntRequests(unknown), Code.NotFound, /vpppunt\.punt/);
  const wrong = {
    ...item(),
    data: packItem(modelOf(wire.LinuxInterfaceSchema), create(wire.LinuxInterfaceSchema)).data!,
  };
  await refused(t, discovery.getPuntRequests(wrong), Code.InvalidArgument, /is not a vpppunt\.Punt/);
});

test("punts of a module's own model are requests of this package", async (t) => {
  const models = [
    { message: wire.LinuxInterfaceSchema },
    {
      message: wire.PuntSchema,
      punts: () => [{ type: "SPAN" as const, interconnect: "TAP" as const, vppInterface: "eth0", label: "mirror" }],
    },
  ];
  const one = await running(t, { models });
  const { puntRequests } = await one.connect().discovery.getPuntRequests(item());
  t.like(puntRequests[0], { label: "mirror", puntType: wire.PuntRequest_PuntType.SPAN });
  await t.throwsAsync(running(t, { models: [models[1]!, models[1]!] }), { code: "ERR_OPTION", message: /two models/ });
});

test("UpdatePuntState: INIT of a known punt and CREATED without INIT are errors; the rest is ignored", async (t) => {
  const one = await running(t);
  const { punts } = one.connect();
  const update = (state: wire.PuntState, label?: string) => punts.updatePuntState({ metadata: metadata(label), state });
  const seen: string[] = [];
  one.module.on("punt", ({ id, state }) => seen.push(`${id.label} ${state}`));
  await refused(t, update(CREATED), Code.FailedPrecondition, /without INIT/);
  await update(DELETED);
  await update(UNKNOWN);
  await update(INIT);
  await refused(t, update(INIT), Code.AlreadyExists, /announced already/);
  await update(CREATED);
  await update(CREATED);
  await refused(t, update(INIT), Code.AlreadyExists, /announced already/);
  await update(INIT, "other");
  await update(UNKNOWN);
  t.deepEqual(
    one.module.punts.map(({ id, state }) => `${id.label} ${state}`),
    ["ospf CREATED", "other INIT"],
  );
  await update(DELETED);
  await update(DELETED);
  t.deepEqual(seen, ["ospf INIT", "ospf CREATED", "other INIT", "ospf DELETED"]);
});

test("items are kept and announced; the ends of interconnects do not belong to the module", async (t) => {
  const one = await running(t);
  const { manager, punts } = one.connect();
  const told: string[] = [];
  one.module.on("item", ({ key, value }) => told.push(`${key} ${value ? "set" : "gone"}`));
  const { results } = await manager.setConfig({ updates: [{ item: item() }] });
  t.like(results[0], { key: "config/vpppunt/v1/punt/ospf", op: wire.UpdateResult_Operation.CREATE });
  await punts.updatePuntState({ metadata: metadata(), state: INIT });
  const [ospf] = one.module.punts;
  t.like(ospf?.metadata.interconnects[0]?.attachment, { kind: "memif", secret: "wCqiu", id: 1 });
  const memif = { socketFilename: "/tmp/other.sock", secret: "s3cret", id: 7 };
  const end = create(wire.VppInterfaceSchema, { name: "memif-abcde", link: { case: "memif", value: memif } });
  await manager.setConfig({ updates: [{ item: packItem(modelOf(wire.VppInterfaceSchema), end) }] });
  t.deepEqual(one.module.punts[0]?.metadata.interconnects[0]?.attachment, {
    ...{ kind: "memif", socket: "/tmp/other.sock", secret: "s3cret", id: 7 },
  });
  t.like((await manager.getConfig({})).items[0]?.item?.id, { name: "ospf" });
  await manager.setConfig({ updates: [{ item: { id: { model: "vpppunt.punt", name: "ospf" } } }] });
  t.deepEqual(told, ["config/vpppunt/v1/punt/ospf set", "config/vpppunt/v1/punt/ospf gone"]);
  await manager.setConfig({ updates: [{ item: item("a") }] });
  await manager.setConfig({ updates: [{ item: item("b") }], overwriteAll: true });
  t.deepEqual(
    one.module.items.map(({ name }) => name),
    ["b"],
  );
});

test("announcements of StoneWork survive a restart of the module, and a new StoneWork may repeat them", async (t) => {
  const one = await running(t);
  const before = one.connect();
  await before.discovery.discoverCnf(DISCOVER);
  await before.manager.setConfig({ updates: [{ item: item() }] });
  for (const state of [INIT, CREATED]) await before.punts.updatePuntState({ metadata: metadata(), state });
  const known = one.module.punts;
  await one.restart();
  t.deepEqual(one.module.punts, known);
  t.is(one.module.items[0]?.key, "config/vpppunt/v1/punt/ospf");
  const { discovery, punts } = one.connect();
  await discovery.discoverCnf(DISCOVER);
  await punts.updatePuntState({ metadata: metadata(), state: INIT });
  t.is(one.module.punts[0]?.state, "INIT");
  t.throws(() => one.module.attach({ cnf: "mycnf", key: "other" }), { code: "ERR_NO_SUCH_PUNT", message: /mycnf/ });
});

test("a StoneWork that vanishes without a word is noticed, its punts stay, and it may go on when it is back", async (t) => {
  const one = await running(t, { pingInterval: 2_000 });
  const wire = await Wire.to(t, one.module.ports.grpc);
  const far = callerOf(wire.port);
  t.teardown(() => far.close());
  await far.discovery.discoverCnf(DISCOVER);
  for (const state of [INIT, CREATED]) await far.punts.updatePuntState({ metadata: metadata(), state });
  const known = one.module.punts;
  t.true(one.module.isConnected);
  const lost = once(one.module, "disconnected");
  wire.cut();
  t.like(await lost, [{ address: "127.0.0.1", grpcPort: 9111 }]);
  t.false(one.module.isConnected);
  t.deepEqual(one.module.punts, known);
  const back = once(one.module, "connected");
  wire.heal();
  const update = () => far.punts.updatePuntState({ metadata: metadata(), state: DELETED });
  // The caller's old connection ends with a call.
  let isHeard = false;
  while (!isHeard)
    isHeard = await update().then(
      () => true,
      () => false,
    );
  t.like(await back, [{ grpcPort: 9111 }]);
  t.true(one.module.isConnected);
  t.deepEqual(one.module.punts, []);
});

test("another StoneWork is welcome at once where the one before has vanished without a word", async (t) => {
  const one = await running(t, { pingInterval: 600_000 });
  const wire = await Wire.to(t, one.module.ports.grpc);
  const far = callerOf(wire.port);
  t.teardown(() => far.close());
  await far.discovery.discoverCnf(DISCOVER);
  await far.punts.updatePuntState({ metadata: metadata(), state: INIT });
  wire.cut();
  const next = one.connect();
  t.is((await next.discovery.discoverCnf({ ...DISCOVER, swIpAddress: "127.0.0.2" })).cnfMsLabel, "mycnf");
  t.is(one.module.stoneWork?.address, "127.0.0.2");
  await next.punts.updatePuntState({ metadata: metadata(), state: INIT });
  await refused(t, one.connect().discovery.discoverCnf(DISCOVER), Code.AlreadyExists, /127\.0\.0\.2/);
});

test("a wrong option and a state file of something else are refused by name", async (t) => {
  for (const [option, value] of [
    ["label", "a b"],
    ["address", "::1"],
    ["grpcPort", 70_000],
    ["state", "here"],
  ] as const) {
    await t.throwsAsync(running(t, { [option]: value }), { code: "ERR_OPTION", message: new RegExp(option) });
  }
  const file = join(mkdtempSync(join(tmpdir(), "vpp-punt-state-")), "state.json");
  t.teardown(() => rmSync(join(file, ".."), { recursive: true }));
  const notItem = '{"punts": [], "items": ["AAAA"]}';
  for (const content of ["", "{", "5", "{}", "[null]", '{"punts": 3}', '{"punts": [null], "items": []}', notItem]) {
    writeFileSync(file, content);
    await t.throwsAsync(running(t, { state: file }), {
      code: "ERR_STORE_DAMAGED",
      message: /state\.json is damaged: /,
    });
  }
});
