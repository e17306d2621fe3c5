// The daemon as the orchestrator of StoneWork's CNFs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Daemon } from "../../lib/daemon/index.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { need } from "../support/need.js";
import { callerOf } from "../support/stonework/caller.js";
import { PythonCnf } from "../support/stonework/cnfs.js";
import { temporaryFolder } from "../support/stonework/folder.js";

const python = need("python-grpc");
const OWN = { address: "127.0.0.1", host: "127.0.0.1", grpcPort: 0, httpPort: 0 };

python.test("the daemon makes a CNF's punt, shows it, and follows the file of configuration", async (t) => {
  const directory = temporaryFolder(t);
  mkdirSync(join(directory, "discovery"));
  const config = join(directory, "config.yaml");
  writeFileSync(config, "mock2Config: { MockCnf2_list: [{ vppInterface: eth0 }] }");
  const running = await daemonTest(t, { stonework: { ...OWN, directory, config } });
  const cnf = new PythonCnf({ label: "mockcnf2", kind: "mock2", directory });
  t.teardown(() => cnf.end());
  await cnf.hears("CREATED");
  const punts = await running.connect();
  t.like((await punts.list())[0], { state: "CREATED", id: { cnf: "mockcnf2", key: "config/mock2/v1/mock-type/eth0" } });
  const page = await fetch(`http://127.0.0.1:${running.daemon.stoneWorkPorts?.http}/status/info`);
  t.like(await page.json(), [{ CnfMode: 2 }, { MsLabel: "mockcnf2", CnfMode: 1, GRPCConnState: 2 }]);
  writeFileSync(config, "mock2Config: { MockCnf2_list: [{ vppInterface: eth1 }] }");
  await running.daemon.reload();
  await cnf.hears("DELETED");
  await cnf.hears("CREATED", 2);
  writeFileSync(config, "mock2Config: { MockCnf2_list: [{ vppInterfaces: eth1 }] }");
  await t.throwsAsync(running.daemon.reload(), {
    code: "ERR_INVALID_FILE",
    message: /MockCnf2_list\[0\].*vppInterfaces/,
  });
  writeFileSync(config, "");
  // An item that went while no daemon ran takes its punt along.
  await running.restart();
  const after = await running.connect();
  while ((await after.list()).length > 0) await new Promise(setImmediate);
  t.false(existsSync(join(directory, "memif")), "no memif was asked for");
});

test("a wrong option of the orchestrator ends the daemon's start", async (t) => {
  const directory = temporaryFolder(t);
  const stonework = { ...OWN, directory, httpPort: -1 };
  const options = { socket: join(directory, "manager.sock"), socketDirectory: join(directory, "sockets"), stonework };
  await t.throwsAsync(Daemon.start(options), { code: "ERR_OPTION", message: /httpPort/ });
});

test("the audit log has what is set over gRPC, with the address that it came from", async (t) => {
  const directory = temporaryFolder(t);
  const audit = join(directory, "audit.log");
  const { daemon } = await daemonTest(t, { audit, stonework: { directory, grpcPort: 0, httpPort: 0 } });
  const caller = callerOf(daemon.stoneWorkPorts!.grpc);
  t.teardown(() => caller.close());
  await caller.manager.setConfig({ updates: [], overwriteAll: true });
  const lines = () => readFileSync(audit, "utf8").trim().split("\n");
  while (!lines().some((line) => line.includes("SetConfig"))) await new Promise(setImmediate);
  const entry = JSON.parse(lines().find((line) => line.includes("SetConfig"))!);
  t.like(entry, { caller: `stonework 127.0.0.1 uid ${process.getuid!()}`, call: "SetConfig", decision: "allowed" });
});

python.test(
  "a CNF without a namespace in the options is in the container with its label, whatever that is",
  async (t) => {
    const directory = temporaryFolder(t);
    mkdirSync(join(directory, "discovery"));
    const config = join(directory, "config.yaml");
    writeFileSync(config, "mock2Config: { MockCnf2_list: [{ vppInterface: eth0 }] }");
    const containers = join(directory, "docker.sock");
    const running = await daemonTest(t, { manager: { containers }, stonework: { ...OWN, directory, config } });
    const cnf = new PythonCnf({ label: "constructor", kind: "mock2", directory });
    t.teardown(() => cnf.end());
    const punts = await running.connect();
    while ((await punts.list())[0]?.state !== "PENDING") await new Promise(setImmediate);
    const [punt] = await punts.list();
    t.like(punt, { state: "PENDING", request: { netns: { microservice: "constructor" } } });
    t.like(punt!.missing[0], { kind: "container", name: "microservice:constructor" });
  },
);
