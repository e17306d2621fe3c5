// Wrong options are refused by name, before anything is opened.
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { Daemon } from "../../lib/daemon/index.js";
import { PuntError, PuntManager, parseRequests } from "../../lib/index.js";
import { openPunt } from "../../lib/module/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const span = (vppInterface: string) => ({ type: "SPAN", cnf: "cnf1", interconnect: "MEMIF", vppInterface }) as const;

async function refuses(t: ExecutionContext, body: () => unknown, code: string, names: RegExp): Promise<void> {
  const error = await t.throwsAsync(async () => body(), { instanceOf: PuntError });
  t.is(error.code, code);
  t.regex(error.message, names);
}

const vppOptions: object[] = [
  { sockt: "/tmp/x" },
  { window: 0 },
  { timeout: Number.NaN },
  { schema: "vpp" },
  { wait: -1 },
  { socketPath: `/${"x".repeat(107)}` },
];
for (const options of vppOptions) {
  const [name] = Object.keys(options);
  test(`Vpp.connect refuses ${JSON.stringify(options)}`, (t) =>
    refuses(t, () => Vpp.connect({ socketPath: "/nowhere", ...options }), "ERR_OPTION", new RegExp(`option ${name} `)));
}

const simOptions: object[] = [
  { interface: ["eth0"] },
  { host: "mars" },
  { withoutPlugins: ["nat"] },
  { interfaces: [""] },
  { apiSocket: `/tmp/${"x".repeat(110)}` },
];
for (const options of simOptions) {
  const [name] = Object.keys(options);
  test(`EmbeddedVpp.start refuses ${JSON.stringify(options).slice(0, 40)}`, (t) =>
    refuses(t, () => EmbeddedVpp.start(options), "ERR_OPTION", new RegExp(`option ${name}(\\[0\\])? `)));
}

const managerOptions: object[] = [
  { vpp: undefined },
  { resync: 5 },
  { resyncInterval: 0 },
  { retry: { firstDelay: -1 } },
];
for (const options of managerOptions) {
  const [name] = Object.keys(options);
  test(`PuntManager.start refuses ${JSON.stringify(options)}`, (t) => {
    const vpp = { call: () => {} } as never;
    return refuses(t, () => PuntManager.start({ vpp, ...options }), "ERR_OPTION", new RegExp(name!));
  });
}

const foreign: readonly [string, (manager: object) => unknown, readonly string[]][] = [
  ["Daemon.start", (manager) => Daemon.start({ manager }), ["vpp", "store", "readOnly"]],
  ["openPunt", (manager) => openPunt({ cnf: "dns", udp: 53 }, { manager, daemon: false }), ["vpp", "readOnly"]],
];
for (const [name, start, options] of foreign)
  for (const option of options)
    test(`${name} sets the manager's ${option}, and does not leave out another one without a word`, (t) =>
      refuses(
        t,
        () => start({ [option]: true }),
        "ERR_OPTION",
        new RegExp(`option manager\\.${option} (is set|does not go)`),
      ));

test("a file whose aliases cannot be resolved is refused by name", async (t) => {
  await refuses(t, () => parseRequests("punts: [*x]", "the-file"), "ERR_INVALID_FILE", /the-file:1:1: .*alias.*x/);
  const tens = (name: string, item: string) => `${name}: &${name} [${Array(10).fill(item).join()}]\n`;
  const bomb = `${tens("a", "x")}${tens("b", "*a")}${tens("c", "*b")}punts: [*c,*c]\n`;
  await refuses(t, () => parseRequests(bomb, "the-file"), "ERR_INVALID_FILE", /the-file:1:1: .*alias/);
});

test("a dry run refuses what add and delete refuse, leaves out existing objects, and shows what a changed punt would become", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.manager.add(span("if0"));
  t.is((await it.manager.plan({ add: [span("if0")] })).toString(), "nothing to do");
  t.regex((await it.manager.plan({ add: [span("if1")] })).toString(), /create {2}span\/if1/);
  await refuses(t, () => it.manager.add(span("if1")), "ERR_PUNT_EXISTS", /another request/);
  await refuses(t, () => it.manager.plan({ delete: [{ cnf: "nobody" }] }), "ERR_NO_SUCH_PUNT", /nobody/);
});
