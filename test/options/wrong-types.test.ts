// Each public entry point refuses options of wrong types with an error that names them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { Vpp, VppStats } from "../../lib/binapi/index.js";
import { Daemon } from "../../lib/daemon/index.js";
import * as core from "../../lib/index.js";
import { connectPunts, openPunt } from "../../lib/module/index.js";
import { StoneWorkModule } from "../../lib/stonework/index.js";
import { EmbeddedVpp, testPunt } from "../../lib/testing/index.js";

/** Values that are good for no option that is listed below. */
const WRONG: readonly unknown[] = [-1, Number.NaN, [null], [{}], { a: 1 }, () => {}, Symbol("s"), 10n];

interface Entrance {
  /** Values that the options have beside the wrong one. */
  readonly options?: object;
  readonly wrong: readonly string[];
  open(options: never): unknown;
}

/** For a path of the entry point's own. */
type At = (name: string) => string;

const entrances: Readonly<Record<string, (at: At, vpp: EmbeddedVpp) => Entrance>> = {
  "EmbeddedVpp.start": () => ({
    wrong: [
      ...["directory", "apiSocket", "puntSocket", "statsSocket", "release", "withoutPlugins", "interfaces", "host"],
      "exec",
    ],
    open: (options) => EmbeddedVpp.start(options),
  }),
  "Vpp.connect": (_, { apiSocket: socketPath }) => ({
    options: { socketPath },
    wrong: ["socketPath", "timeout", "wait", "transport", "window", "queueLimit", "connectTimeout", "schema"],
    open: (options) => Vpp.connect(options),
  }),
  "PuntManager.start": () => ({
    options: { vpp: { call() {} } },
    wrong: [
      ...["vpp", "store", "host", "memifDirectory", "subnets", "policyIdPrefix", "owner", "naming", "vppNamespace"],
      ...["resyncInterval", "retry", "returnTime", "readOnly"],
    ],
    open: (options) => core.PuntManager.start(options),
  }),
  "VppStats.open": () => ({ wrong: ["socketPath"], open: (options) => VppStats.open(options) }),
  "Memif.open": (at) => ({
    options: { socketPath: at("memif.sock"), role: "server" },
    wrong: ["socketPath", "role", "id", "secret", "ringSize", "bufferSize"],
    open: (options) => core.Memif.open(options),
  }),
  "PuntSocket.open": (at) => ({
    options: { path: at("punt.sock") },
    wrong: ["path", "receiveBuffer", "mode", "group"],
    open: (options) => core.PuntSocket.open(options),
  }),
  openPunt: (_, vpp) => ({
    options: { vpp },
    wrong: ["vpp", "daemon", "socket", "tls", "lifetime", "grace", "manager", "attach"],
    open: (options) => openPunt({ cnf: "a", udp: 5353 }, options),
  }),
  connectPunts: () => ({ wrong: ["socket", "tls", "wait", "session"], open: (options) => connectPunts(options) }),
  testPunt: () => ({
    wrong: ["manager", "sim"],
    open: (options) => testPunt({ type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" }, options),
  }),
  "Daemon.start": (at) => ({
    options: { socket: at("d.sock"), socketDirectory: at("sockets"), state: at("state") },
    wrong: [
      ...["socket", "socketMode", "socketGroup", "sockets", "vppSocket", "state", "socketDirectory", "manager"],
      ...["policy", "audit", "tls", "http", "etcd", "stonework", "drainTime", "watcherPatience"],
    ],
    open: (options) => Daemon.start(options),
  }),
  "StoneWorkModule.start": (at) => ({
    options: { label: "a", directory: at("stonework") },
    wrong: ["label", "directory", "address", "host", "grpcPort", "httpPort", "state", "pingInterval"],
    open: (options) => StoneWorkModule.start(options),
  }),
};

for (const [name, make] of Object.entries(entrances)) {
  test(`${name} names an option of a wrong type`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "vpp-punt-options-"));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const vpp = await EmbeddedVpp.start({ directory: join(directory, "vpp") });
    t.teardown(() => vpp.close());
    const { options, wrong, open } = make((file) => join(directory, file), vpp);
    const refusal = (given: unknown) =>
      t.throwsAsync(async () => open(given as never), { instanceOf: core.PuntError }, `${name} ${describe(given)}`);
    await refusal(null);
    for (const option of wrong)
      for (const value of WRONG) {
        const error = (await refusal({ ...options, [option]: value })) as core.PuntError | undefined;
        t.regex(error?.message ?? "", new RegExp(`${option}|option a\\b`), `${name}, ${option} ${describe(value)}`);
      }
  });
}

test("a file, a store and a request of a wrong type are refused by name", async (t) => {
  for (const value of [null, ...WRONG]) {
    t.throws(() => new core.FileStore(value as never), { code: "ERR_OPTION", message: /path/ });
    t.throws(() => new core.PcapReader(value as never), { code: "ERR_OPTION", message: /bytes/ });
    t.throws(() => core.parseRequests(value as never, "punts.yaml"), { code: "ERR_OPTION", message: /content/ });
    t.throws(() => core.parseRequest(value), { code: "ERR_INVALID_REQUEST" });
  }
  for (const value of [-1, 1.5, Number.NaN, 1e99]) {
    t.throws(() => core.PcapWriter.open(value), { code: "ERR_OPTION", message: /target/ });
    t.throws(() => core.PcapngWriter.open(value), { code: "ERR_OPTION", message: /target/ });
  }
  for (const value of [null, 0, "dns", [], () => {}])
    await t.throwsAsync(openPunt(value as never), { code: "ERR_OPTION", message: /request/ });
});

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value === "function" ? "a function" : String(value);
  return Object.entries(value)
    .map(([key, part]) => `${key}: ${String(part)}`)
    .join(", ");
}
