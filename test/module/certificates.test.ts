// A module and a daemon that do not trust each other's certificates: both say so, and nothing waits for a better time.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { PuntError } from "../../lib/errors.js";
import { type ConnectOptions, connectPunts, openPunt } from "../../lib/module/index.js";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { Certificates } from "../support/daemon/certificates.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { need } from "../support/need.js";

const { test, reason } = need("openssl");
const folder = mkdtempSync(join(tmpdir(), "vpp-punt-distrust-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const pem = new Certificates(folder);
const read = (name: string) => readFileSync(pem.path(name));
const span: PuntRequestInput = { cnf: "fw", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" };

if (reason === undefined) {
  pem.makeCa("ca");
  pem.makeCa("foreign");
  for (const name of ["daemon", "fw"]) pem.make(name, "ca");
  pem.make("expired", "ca", -1);
  pem.make("stranger", "foreign");
}

async function start(t: ExecutionContext) {
  const policy = pem.path(`policy-${Math.random()}.yaml`);
  writeFileSync(policy, "rules: [{ name: fw, match: { san: fw }, cnfs: fw }]");
  const tls = { host: "127.0.0.1", port: 0, cert: pem.path("daemon.pem"), key: pem.path("daemon.key") };
  const { daemon } = await daemonTest(t, { policy, tls: { ...tls, ca: pem.path("ca.pem") } });
  const port = Number(daemon.addresses.at(-1)!.split(":")[1]);
  return (name: string, ca = "ca"): ConnectOptions => ({
    tls: { host: "127.0.0.1", port, cert: read(`${name}.pem`), key: read(`${name}.key`), ca: read(`${ca}.pem`) },
  });
}

test("a certificate that one side does not trust is named to the caller, also where calls wait for the daemon", async (t) => {
  const optionsOf = await start(t);
  const cases: [ConnectOptions, RegExp][] = [
    [optionsOf("stranger"), /does not trust this program's certificate \(CN=stranger\), which is valid until/],
    [optionsOf("expired"), /does not trust this program's certificate \(CN=expired\), which expired on/],
    [optionsOf("fw", "foreign"), /certificate of the daemon at 127\.0\.0\.1:\d+ is not trusted: /],
  ];
  for (const [options, message] of cases) {
    const expected = { code: "ERR_CERTIFICATE", message };
    for (const more of [
      {},
      { wait: true },
      { session: { cnf: "fw" } },
      { wait: true, session: { cnf: "fw" } },
    ] as const) {
      const punts = await connectPunts({ ...options, ...more });
      await t.throwsAsync<PuntError>(punts.add(span), expected);
      await t.throwsAsync<PuntError>(punts.watch()[Symbol.asyncIterator]().next(), expected);
      await punts.close();
    }
    await t.throwsAsync<PuntError>(openPunt(span, options), expected);
    await t.throwsAsync<PuntError>(openPunt(span, { ...options, lifetime: "session" }), expected);
  }
  const punts = await connectPunts(optionsOf("fw"));
  t.like(await punts.info(), { caller: "tls fw,127.0.0.1", rules: ["fw"] });
  await punts.close();
});

test("a call with a session rejects at once while the daemon is away, unless calls wait", async (t) => {
  const socket = join(folder, "nobody.sock");
  const punts = await connectPunts({ socket, session: { cnf: "fw" } });
  await t.throwsAsync<PuntError>(punts.add(span), { code: "ERR_DISCONNECTED", message: /no daemon answers at/ });
  await punts.close();
  const waiting = await connectPunts({ socket, session: { cnf: "fw" }, wait: true });
  const added = waiting.add(span);
  await waiting.close();
  await t.throwsAsync<PuntError>(added, { code: "ERR_CLOSED" });
});
