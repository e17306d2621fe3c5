// The directory in which CNFs announce themselves, and which of them are greeted.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { SILENT } from "../../lib/logger.js";
import { StoneWorkModule } from "../../lib/stonework/index.js";
import { Arrivals } from "../../lib/stonework/orchestrator/arrivals.js";
import { Cnf } from "../../lib/stonework/orchestrator/cnf.js";
import { Discovery } from "../../lib/stonework/orchestrator/discovery.js";
import { temporaryFolder } from "../support/stonework/folder.js";

function announcement(label: string) {
  return { pid: 1, "ms-label": label, "ip-address": "127.0.0.1", "grpc-port": 1, "http-port": 0 };
}

function watched(t: ExecutionContext) {
  const directory = temporaryFolder(t);
  const events: string[] = [];
  const path = (label: string) => join(directory, `${label}.pid`);
  const discovery = new Discovery(directory, {
    announced: (file, { label }) => events.push(`${file === path(label) ? "" : file} ${label}`),
    gone: (file) => events.push(`gone ${file}`),
    problem: ({ message }) => events.push(message),
  });
  t.teardown(() => discovery.close());
  return {
    write: (label: string) => writeFileSync(path(label), JSON.stringify(announcement(label))),
    path,
    events,
    until: async (isIt: () => boolean) => {
      while (!isIt()) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

test("a file that goes is forgotten, and announces its CNF again when it comes back", async (t) => {
  const { write, path, events, until } = watched(t);
  write("a");
  await until(() => events.length > 0);
  rmSync(path("a"));
  await until(() => events.length > 1);
  write("a");
  await until(() => events.length > 2);
  t.deepEqual(events, [" a", `gone ${path("a")}`, " a"]);
});

test("a directory that is removed is made and watched again", async (t) => {
  const { write, path, events, until } = watched(t);
  write("a");
  await until(() => events.length > 0);
  rmSync(dirname(path("a")), { recursive: true });
  await until(() => existsSync(dirname(path("a"))));
  write("b");
  await until(() => events.includes(" b"));
  t.false(events.some((each) => each.startsWith("cannot")));
});

test("a directory with more files than CNFs can be is read in part, and the first one left out is named", async (t) => {
  const { write, path, events, until } = watched(t);
  for (let index = 0; index < 1_000; index++) write(`cnf${index}`);
  await until(() => events.length === 1_000);
  write("late");
  write("later");
  await until(() => events.length > 1_000);
  t.regex(events.at(-1)!, /more than 1000 CNFs.*late/);
  rmSync(path("cnf0"));
  await until(() => events.at(-1) === `gone ${path("cnf0")}`);
  t.is(events.length, 1_002);
  write("last");
  await until(() => events.at(-1) === " last");
  t.pass();
});

test("a CNF that is kept out is judged again when the rules are, and not after its file is gone", async (t) => {
  const judged: string[] = [];
  const arrivals = new Arrivals({
    ...{ deadline: 100, pingInterval: 100, log: SILENT },
    place: () => ({ address: "127.0.0.1", grpcPort: 1, httpPort: 1 }),
    admitted: async ({ label }) => {
      judged.push(label);
      throw new Error("kept out");
    },
    arrived: () => t.fail(),
    back: () => t.fail(),
  });
  t.teardown(() => arrivals.close());
  const of = (label: string) => ({ pid: 1, label, address: "127.0.0.1", grpcPort: 1, httpPort: 0 });
  arrivals.greet("one.pid", of("one"));
  arrivals.greet("two.pid", of("two"));
  arrivals.leave("one.pid");
  arrivals.greetAgain();
  t.deepEqual(judged, ["one", "two", "two"]);
});

test("a CNF has neither names nor files of models that are left out", async (t) => {
  const directory = temporaryFolder(t);
  const module = await StoneWorkModule.start({ label: "a", directory, address: "127.0.0.1", host: "127.0.0.1" });
  t.teardown(() => module.close());
  const { grpc, http } = module.ports;
  const place = { pid: 1, label: "a", address: "127.0.0.1", grpcPort: grpc, httpPort: http };
  const cnf = new Cnf(place, 20_000, SILENT);
  t.teardown(() => cnf.close());
  await cnf.discover({ address: "127.0.0.1", grpcPort: 1, httpPort: 1 });
  const names = () => cnf.knownModels.map(({ spec }) => `${spec?.module}.${spec?.type}`);
  t.deepEqual([...cnf.models.keys()], ["vpppunt.punt"]);
  t.deepEqual(names(), ["vpppunt.punt", "linux.interfaces.interface", "vpp.interfaces"]);
  t.truthy(cnf.file("vpppunt/punt.proto"));
  cnf.leaveOut(["vpppunt.punt"]);
  t.deepEqual([...cnf.models.keys()], []);
  t.deepEqual(names(), ["linux.interfaces.interface", "vpp.interfaces"]);
  t.is(cnf.file("vpppunt/punt.proto"), undefined);
  t.truthy(cnf.file("ligato/linux/interfaces/interface.proto"));
});

test("the log names the CNF that has the models of a later one", async (t) => {
  const said: object[] = [];
  const arrived: string[] = [];
  const arrivals = new Arrivals({
    ...{ deadline: 20_000, pingInterval: 20_000, log: { ...SILENT, warn: (fields) => void said.push(fields) } },
    place: () => ({ address: "127.0.0.1", grpcPort: 1, httpPort: 1 }),
    admitted: async () => () => true,
    arrived: ({ label }) => void arrived.push(label),
    back: () => {},
  });
  t.teardown(() => arrivals.close());
  for (const label of ["old", "new"]) {
    const where = { address: "127.0.0.1", host: "127.0.0.1" };
    const module = await StoneWorkModule.start({ label, directory: temporaryFolder(t), ...where });
    t.teardown(() => module.close());
    const { grpc: grpcPort, http: httpPort } = module.ports;
    arrivals.greet(`${label}.pid`, { pid: 1, label, address: "127.0.0.1", grpcPort, httpPort });
    while (!arrived.includes(label)) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  t.deepEqual(said, [{ cnf: "new", models: ["vpppunt.punt"], held: { "vpppunt.punt": "old" } }]);
});
