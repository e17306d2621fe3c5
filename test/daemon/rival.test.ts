// A daemon beside another manager of the same VPP and owner.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Daemon } from "../../lib/daemon/index.js";
import { Problems } from "../../lib/daemon/problems.js";
import { PuntError } from "../../lib/errors.js";
import { type Logger, SILENT } from "../../lib/logger.js";
import { EmulatedHost, PuntManager } from "../../lib/punt/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { LateVpp } from "../../lib/vpp/index.js";
import { until } from "../support/until.js";

test("a daemon is not ready while another manager has its VPP, and its log says so once", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "vpp-punt-rival-"));
  const vpp = await EmbeddedVpp.start({ directory, interfaces: ["eth0"] });
  t.teardown(async () => {
    await vpp.close();
    await rm(directory, { recursive: true, force: true });
  });
  const of = { host: new EmulatedHost(vpp), memifDirectory: join(directory, "memif") };
  const late = new LateVpp(vpp.apiSocket);
  t.teardown(() => late.close());
  const rival = await PuntManager.start({ ...of, vpp: late });
  t.teardown(() => rival.close());
  await until(() => late.isConnected);
  await rival.resync();
  const said: { readonly level: string; readonly fields: object }[] = [];
  const logger: Logger = {
    ...SILENT,
    info: (fields) => void ("owner" in fields && said.push({ level: "info", fields })),
    warn: (fields) => void said.push({ level: "warn", fields }),
  };
  const daemon = await Daemon.start({
    ...{ socket: join(directory, "manager.sock"), socketDirectory: join(directory, "sockets") },
    ...{ vppSocket: vpp.apiSocket, logger, http: { port: 0 } },
    manager: { ...of, retry: { firstDelay: 10 } },
  });
  t.teardown(() => daemon.close());
  const ready = async () => {
    const answer = await fetch(`http://${daemon.httpAddress}/readyz`);
    return `${answer.status} ${(await answer.text()).trim()}`;
  };
  await until(async () => (await ready()) === `503 another manager (pid ${process.pid}) has this VPP`);
  t.is(said.length, 1);
  t.like(said[0], { level: "warn", fields: { code: "ERR_OWNER_BUSY", details: { pid: process.pid } } });
  t.false("err" in said[0]!.fields);
  await rival.close();
  await until(async () => (await ready()).startsWith("200"));
  t.deepEqual(
    said.map(({ level }) => level),
    ["warn", "info"],
  );
  // Every line has the daemon's own `pid`.
  t.deepEqual(said[1]!.fields, { manager: process.pid, owner: "vpp-punt" });
});

test("a problem that goes on is logged once, until it is another one or has been over", (t) => {
  const said: string[] = [];
  const say = (_fields: object, text: string) => void said.push(text);
  const problems = new Problems({ ...SILENT, warn: say, info: () => void said.push("over") });
  const busy = (pid: number) => new PuntError("punt.lock", "ERR_OWNER_BUSY", `process ${pid}`, { pid });
  const full = new PuntError("cluster.etcd", "ERR_ETCD", "there is no room");
  for (let turn = 0; turn < 3; turn++) {
    problems.tell(busy(1));
    problems.tell(full);
    problems.passed({ error: busy(1) });
  }
  problems.tell(busy(2));
  t.is(problems.obstacle, "another manager (pid 2) has this VPP");
  problems.passed({});
  t.is(problems.obstacle, undefined);
  problems.passed({});
  problems.tell(busy(2));
  const [one, two] = [1, 2].map((pid) => `punt.lock: process ${pid}`);
  t.deepEqual(said, [one, full.message, two, "over", two]);
});

test("what was restored is logged by punt, and at most once a minute where someone undoes it again and again", (t) => {
  const said: string[] = [];
  const problems = new Problems({ ...SILENT, warn: (_fields, text) => void said.push(text) });
  const id = { cnf: "dns", key: "", label: "" };
  for (let turn = 0; turn < 3; turn++) problems.passed({ restored: [{ id, items: ["interface/a", "span/eth0"] }] });
  problems.passed({ restored: [{ id, items: ["a", "b", "c", "d", "e", "f"] }] });
  const text = (list: string) => `restored ${list} of punt dns: it was deleted or changed in VPP or Linux`;
  t.deepEqual(said, [text("interface/a, span/eth0"), text("a, b, c, d, e, and others")]);
});

test("a daemon whose VPP does not answer is not ready, until VPP answers again", (t) => {
  const problems = new Problems(SILENT);
  const late = new PuntError("punt.reconcile", "ERR_TIMEOUT", "no answer within 10000 ms");
  problems.passed({ error: late });
  t.is(problems.obstacle, "VPP does not answer");
  problems.passed({ error: new PuntError("punt.reconcile", "INVALID_VALUE", "refused") });
  t.is(problems.obstacle, undefined);
  problems.passed({ error: late });
  problems.passed({});
  t.is(problems.obstacle, undefined);
});
