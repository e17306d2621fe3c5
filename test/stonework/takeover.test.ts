// CNFs under a policy that say to be others, or have the models of others.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { type Logger, SILENT } from "../../lib/logger.js";
import { StoneWorkModule } from "../../lib/stonework/index.js";
import { PUNT_MODEL } from "../../lib/stonework/module/models.js";
import type { StoneWorkModuleOptions } from "../../lib/stonework/module/options.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { temporaryFolder } from "../support/stonework/folder.js";
import { until } from "../support/until.js";

const RULES = `rules:
  - { name: victims, match: { address: 127.0.0.1 }, cnfs: victim, socketPaths: "*" }
  - { name: others, match: { address: 127.0.0.2 }, cnfs: other }
  - { name: root, match: { uid: 0 }, operator: true }
`;
const REQUEST = { label: "p", puntType: "SPAN", interconnectType: "MEMIF", span: { vppInterface: "eth0" } };
const CONFIG = JSON.stringify({ vpppuntConfig: { Punt_list: [{ name: "p", request: REQUEST }] } });
const VICTIM = { label: "victim", address: "127.0.0.1" };
const LIAR = { label: "victim", address: "127.0.0.2" };
const OTHER = { label: "other", address: "127.0.0.2" };
const ID = { cnf: "victim", key: "config/vpppunt/v1/punt/p", label: "p" };
const LEFT_OUT = "models that the CNF may not have";
/** The model of modules, whose items have no punts here. */
const EMPTY = [{ ...PUNT_MODEL, punts: () => [] }];

interface Audited {
  readonly call: string;
  readonly decision: string;
  readonly caller: string;
  readonly rule?: string;
  readonly punts: readonly object[];
}

/** A daemon under rules. */
async function underRules(t: ExecutionContext, rules: string) {
  const directory = temporaryFolder(t);
  const path = (name: string) => join(directory, name);
  writeFileSync(path("policy"), rules);
  writeFileSync(path("cnfs.yaml"), CONFIG);
  const warned: string[] = [];
  let discovered = 0;
  const info = (_fields: object, text: string) => {
    if (text === "a CNF is discovered") discovered++;
  };
  const warn = (fields: { err?: Error }, text: string) => void warned.push(`${text} ${fields.err?.message ?? ""}`);
  const running = await daemonTest(t, {
    ...{ policy: path("policy"), audit: path("audit"), logger: { ...SILENT, warn, info } as Logger },
    stonework: { directory, grpcPort: 0, httpPort: 0, config: path("cnfs.yaml") },
  });
  const punts = await running.connect();
  const cnf = async (place: typeof VICTIM, more: Partial<StoneWorkModuleOptions> = {}) => {
    const module = await StoneWorkModule.start({ directory, host: place.address, ...place, ...more });
    t.teardown(() => module.close());
    return module;
  };
  const lines = (): Audited[] =>
    readFileSync(path("audit"), "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const audited = (call: string, decision: string, { label, address }: typeof VICTIM) =>
    until(() =>
      lines().find((line) => {
        const isIt = line.call === call && line.decision === decision;
        return isIt && line.caller === `stonework ${address} as CNF ${label}`;
      }),
    );
  const states = async () => (await punts.list()).map(({ id, state }) => `${id.cnf} ${state}`);
  return { ...running, path, warned, cnf, audited, states, arrivals: () => discovered };
}

function isCreated({ punts }: StoneWorkModule): boolean {
  return punts.some(({ state }) => state === "CREATED");
}

/** A daemon under RULES, and a CNF whose punt is there. */
async function withVictim(t: ExecutionContext) {
  const running = await underRules(t, RULES);
  const victim = await running.cnf(VICTIM);
  await until(() => isCreated(victim));
  return { ...running, victim };
}

test("a CNF at an address whose rules do not have the label is kept out, until they do", async (t) => {
  const { audited, cnf, daemon, path, states, victim } = await withVictim(t);
  await cnf(LIAR, { models: EMPTY });
  await audited("DiscoverCnf", "refused", LIAR);
  t.true(victim.isConnected);
  t.deepEqual(await states(), ["victim CREATED"]);
  writeFileSync(path("policy"), RULES.replace("cnfs: other", "cnfs: victim"));
  await daemon.reload();
  await audited("DiscoverCnf", "allowed", LIAR);
  // A CNF may withdraw its punts, and the audit log says so.
  t.like(await audited("GetPuntRequests", "allowed", LIAR), { rule: "others", punts: [ID] });
  while ((await states()).length > 0) await new Promise(setImmediate);
});

test("a CNF whose answer has another label than its file is kept out", async (t) => {
  const { cnf, path, states, victim, warned } = await withVictim(t);
  mkdirSync(path("elsewhere"));
  const { ports } = await cnf(LIAR, { models: EMPTY, directory: path("elsewhere") });
  const file = { pid: 1, "ms-label": "other", "ip-address": LIAR.address, "grpc-port": ports.grpc, "http-port": 0 };
  writeFileSync(path("discovery/other.pid"), JSON.stringify(file));
  await until(() => warned.find((text) => text.endsWith("the CNF has the label victim, and other in its file")));
  t.true(victim.isConnected);
  t.deepEqual(await states(), ["victim CREATED"]);
});

test("a CNF does not answer for a model of another label, also while that one is away", async (t) => {
  const { cnf, states, victim, warned } = await withVictim(t);
  let isAsked = false;
  const punts = () => {
    isAsked = true;
    return [];
  };
  await cnf(OTHER, { models: [{ ...PUNT_MODEL, punts }] });
  await until(() => warned.find((text) => text.startsWith(LEFT_OUT)));
  await victim.close();
  const again = await cnf(VICTIM);
  await until(() => isCreated(again));
  t.false(isAsked);
  t.deepEqual(await states(), ["victim CREATED"]);
});

test("a CNF whose rule names other models does not get this one, also while no CNF has it", async (t) => {
  const { cnf, states, warned } = await underRules(t, RULES.replace("cnfs: other", "cnfs: other, models: other.*"));
  await cnf(OTHER, { models: EMPTY });
  await until(() => warned.find((text) => text.startsWith(LEFT_OUT)));
  const victim = await cnf(VICTIM);
  await until(() => isCreated(victim));
  t.deepEqual(await states(), ["victim CREATED"]);
});

test("a CNF gets a model once its rule says so, and hears nothing twice where the rules say the same", async (t) => {
  const narrow = RULES.replace("cnfs: other", "cnfs: other, models: other.*");
  const { arrivals, cnf, daemon, path, states, warned } = await underRules(t, narrow);
  const leftOut = () => warned.filter((text) => text.startsWith(LEFT_OUT)).length;
  const other = await cnf(OTHER);
  await until(() => leftOut() === 1);
  await daemon.reload();
  await until(() => leftOut() === 2);
  t.is(arrivals(), 1);
  writeFileSync(path("policy"), RULES);
  await daemon.reload();
  await until(() => isCreated(other));
  t.is(arrivals(), 2);
  t.deepEqual(await states(), ["other CREATED"]);
});

test("a CNF that gets a model after another one deletes none of that one's punts", async (t) => {
  const { arrivals, audited, cnf, states, victim } = await withVictim(t);
  await victim.close();
  await cnf(VICTIM, { models: [] });
  await until(() => arrivals() === 2);
  await cnf(OTHER, { models: EMPTY });
  t.like(await audited("GetPuntRequests", "refused", OTHER), { punts: [ID] });
  t.deepEqual(await states(), ["victim CREATED"]);
});

test("the audit log has the punts of items that went while no daemon ran", async (t) => {
  const { audited, path, restart, states } = await withVictim(t);
  writeFileSync(path("cnfs.yaml"), "");
  writeFileSync(path("audit"), "");
  await restart();
  t.like(await audited("GetPuntRequests", "allowed", VICTIM), { rule: "victims", punts: [ID] });
  while ((await states()).length > 0) await new Promise(setImmediate);
});
