// CNFs that are vpp-agents, as StoneWork's own ones: in the order of their files, with an agent's models, and with their refusals.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { need } from "../support/need.js";
import { callerOf } from "../support/stonework/caller.js";
import { type Stage, stage } from "../support/stonework/cnfs.js";

const python = need("python-grpc");

function configured(text: string) {
  return (directory: string) => {
    const config = join(directory, "config.yaml");
    writeFileSync(config, text);
    return { config };
  };
}

type Caller = ReturnType<typeof callerOf>;

async function callerTo({ orchestrator }: Stage): Promise<Caller> {
  const caller = callerOf(orchestrator.ports.grpc);
  for (;;) if ((await caller.meta.knownModels({ class: "config" })).knownModels.length > 0) return caller;
}

async function statusOf({ manager }: Caller, isIt: (state: string) => boolean) {
  for (;;) {
    const status = (await manager.getConfig({})).items[0]?.status;
    if (status && isIt(status.status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

python.test(
  "a model without punts stays so when the CNF refuses a second discovery, and the agent's stay the agent's",
  async (t) => {
    const running = await stage(t, configured("mock3Config: { Plain: { level: 7 } }"));
    const cnf = await running.cnf("one", "plain");
    await cnf.until(({ heard }) => heard.length === 1);
    await running.restartOrchestrator();
    const caller = await callerTo(running);
    t.teardown(() => caller.close());
    t.like(await statusOf(caller, (state) => state !== "PENDING"), { status: "CONFIGURED", message: "" });
    t.true(cnf.calls.some(({ refused }) => refused));
    // The only item of a model without a template has no name.
    t.deepEqual(cnf.heard, ["mock3.sub.global/", "mock3.sub.global/"]);
    const id = { model: "vpp.route", name: "7.7.7.7/32" };
    const error = await t.throwsAsync(caller.manager.setConfig({ updates: [{ item: { id } }] }));
    t.like(error, { code: Code.Unimplemented });
  },
);

python.test(
  "an item that its CNF refuses is FAILED with the CNF's words, and CONFIGURED when the CNF takes it",
  async (t) => {
    const running = await stage(t, configured("mock3Config: { Plain: { level: 7 } }"));
    const cnf = await running.cnf("one", "plain", [], 1);
    const caller = await callerTo(running);
    t.teardown(() => caller.close());
    const failed = await statusOf(caller, (state) => state !== "PENDING");
    t.like(failed, { status: "FAILED", message: "one refuses the item: missing punt metadata" });
    t.like(await statusOf(caller, (state) => state !== "FAILED"), { status: "CONFIGURED", message: "" });
    t.deepEqual(cnf.heard, ["mock3.sub.global/", "mock3.sub.global/"]);
  },
);

python.test("two CNFs have the models of an agent in common, and the orchestrator names each once", async (t) => {
  const running = await stage(t);
  await Promise.all([running.cnf("one", "mock1"), running.cnf("two", "mock2")]);
  const caller = await callerTo(running);
  t.teardown(() => caller.close());
  const names = async () => (await caller.meta.knownModels({})).knownModels.map(({ protoName }) => protoName).sort();
  let known = await names();
  while (known.length < 4 || !known.includes("mockcnf.MockCnf1") || !known.includes("mockcnf.MockCnf2"))
    known = await names();
  const ofAgents = ["ligato.linux.interfaces.Interface", "ligato.vpp.l3.Route"];
  t.deepEqual(known, [...ofAgents, "mockcnf.MockCnf1", "mockcnf.MockCnf2"]);
});

python.test(
  "an update without an item, with other data, or a search by labels is refused; an item's name is its value's",
  async (t) => {
    const running = await stage(t);
    const cnf = await running.cnf("one", "mock2");
    const caller = await callerTo(running);
    t.teardown(() => caller.close());
    const { manager } = caller;
    const any = (typeName: string, text: string) => ({
      union: { case: "any" as const, value: { typeUrl: `models.ligato.io/${typeName}`, value: Buffer.from(text) } },
    });
    const model = "mock2.mock-type";
    const bad = [
      {},
      { item: { id: { model }, data: any("mockcnf.MockCnf1", "") } },
      { item: { id: { model }, data: any("mockcnf.MockCnf2", "\n\x09if5") } },
      { item: { id: { model }, data: {} } },
    ];
    for (const update of bad)
      t.like(await t.throwsAsync(manager.setConfig({ updates: [update] })), { code: Code.InvalidArgument });
    t.deepEqual((await manager.getConfig({})).items, []);
    const item = { id: { model, name: "another" }, data: any("mockcnf.MockCnf2", "\n\x03if5\x10\x01") };
    const { results } = await manager.setConfig({ updates: [{ item }] });
    t.like(results[0], { key: "config/mock2/v1/mock-type/if5", id: { name: "if5" } });
    await cnf.hears("CREATED");
    t.true(cnf.heard.includes("mock2.mock-type/if5"));
    t.is((await manager.getConfig({ labels: { "!io.ligato.from-client": "stonework" } })).items.length, 1);
    t.like(await t.throwsAsync(manager.getConfig({ labels: { color: "" } })), { code: Code.Unimplemented });
  },
);
