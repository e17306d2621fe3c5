// A module whose network is cut, or whose program is stopped: its session's punt goes after the grace period, and comes back with the module.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openPunt } from "../../lib/module/index.js";
import { Certificates } from "../support/daemon/certificates.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { Wire } from "../support/machine/wire.js";
import { need } from "../support/need.js";

const { test } = need("openssl");

test("a network that is cut: the session's punt goes, and is made again when the module is back", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-cut-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const pem = new Certificates(folder);
  pem.makeCa("ca");
  for (const name of ["daemon", "dns"]) pem.make(name, "ca");
  const policy = join(folder, "policy.yaml");
  writeFileSync(
    policy,
    "rules:\n  - { name: dns, match: { san: dns }, cnfs: dns }\n  - { name: root, match: { uid: 0 }, operator: true }\n",
  );
  const files = (name: string) => ({
    cert: pem.path(`${name}.pem`),
    key: pem.path(`${name}.key`),
    ca: pem.path("ca.pem"),
  });
  const { cert, key, ca } = files("dns");
  const own = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) };
  const tls = { host: "127.0.0.1", port: 0, ...files("daemon"), pingInterval: 1_000 };
  const running = await daemonTest(t, { policy, tls });
  const operator = await running.connect();
  const wire = await Wire.to(t, Number(running.daemon.addresses.at(-1)!.split(":")[1]));
  const place = { host: "127.0.0.1", port: wire.port, ...own };
  for (const wrong of [{ cert }, { key: "-----BEGIN" }, { ca: 5 as never }])
    await t.throwsAsync(openPunt({ cnf: "dns", udp: 53 }, { tls: { ...place, ...wrong } }), { code: "ERR_OPTION" });
  const dns = await openPunt({ cnf: "dns", udp: 53 }, { tls: place, lifetime: "session", grace: 2_000 });
  t.teardown(() => dns.close());
  await dns.ready({ timeout: 20_000 });
  // A silent module that answers is not gone.
  await sleep(2_500);
  t.is((await operator.list()).length, 1);
  wire.cut();
  while ((await operator.list()).length > 0) await sleep(20);
  wire.heal();
  while ((await operator.list())[0]?.state !== "CREATED") await sleep(20);
  await dns.ready({ timeout: 20_000 });
  t.is(dns.status.state, "ready");
  // An operator's deletion is meant, also after that.
  await operator.delete({ cnf: "dns" });
  while (dns.status.state !== "failed") await sleep(20);
  t.is(dns.status.reasons[0]?.code, "ERR_DELETED");
});
