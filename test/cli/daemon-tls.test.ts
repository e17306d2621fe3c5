// The command line and a daemon's TCP door: options, environment variables and refusals.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { cli } from "../support/cli/command.js";
import { Certificates } from "../support/daemon/certificates.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { need } from "../support/need.js";

const { test } = need("openssl");

/** A daemon that takes the certificate `operator`, and the options of that operator. */
async function door(t: ExecutionContext, host = "127.0.0.1") {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-cli-tls-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const pem = new Certificates(folder);
  const at = (name: string) => pem.path(name);
  pem.makeCa("ca");
  pem.make("daemon", "ca", 2, "IP:127.0.0.1,IP:::1");
  pem.make("operator", "ca");
  const policy = at("policy.yaml");
  writeFileSync(policy, JSON.stringify({ rules: [{ name: "us", match: { san: "operator" }, operator: true }] }));
  const tls = { host, port: 0, cert: at("daemon.pem"), key: at("daemon.key"), ca: at("ca.pem") };
  const { daemon } = await daemonTest(t, { policy, tls });
  const address = daemon.addresses.at(-1)!;
  const files = { ca: at("ca.pem"), cert: at("operator.pem"), key: at("operator.key") };
  const own = Object.entries(files).flatMap(([name, path]) => [`--tls-${name}`, path]);
  return { address, own, files, at };
}

const SPAN = "{ cnf: monitor, type: SPAN, interconnect: MEMIF, vppInterface: eth0 }";

test("commands reach a daemon over TCP, by options or by the environment", async (t) => {
  const { address, own, files } = await door(t);
  const added = await cli(["add", SPAN, "--wait", "--tls", address, ...own]);
  t.is(added.status, 0, added.stderr);
  const env = {
    VPP_PUNT_TLS: address,
    ...{ VPP_PUNT_TLS_CA: files.ca, VPP_PUNT_TLS_CERT: files.cert, VPP_PUNT_TLS_KEY: files.key },
  };
  for (const command of [["list"], ["show", "monitor"], ["explain", "monitor"], ["top", "--count", "1"]]) {
    const shown = await cli(command, { env });
    t.regex(shown.stdout, /monitor/, shown.stderr);
  }
  // The command line comes before the environment.
  const elsewhere = await cli(["list", "--socket", "/nowhere/manager.sock"], { env });
  t.is(elsewhere.status, 5);
  t.regex(elsewhere.stderr, /\/nowhere\/manager\.sock/);
  const deleted = await cli(["delete", "monitor", "--tls", address, ...own], { env: { VPP_PUNT_SOCKET: "/nowhere" } });
  t.is(deleted.status, 0, deleted.stderr);
  const hosts = await cli(["hosts"], { env });
  t.regex(hosts.stderr, new RegExp(`the daemon at ${address} keeps its punts in a file`));
});

test("wrong addresses, files and combinations are named", async (t) => {
  const { address, own, at } = await door(t);
  const [, ca = "", , cert = ""] = own;
  writeFileSync(at("empty"), "");
  for (const [args, status, said] of [
    [["--tls", "10.0.0.1"], 2, /--tls <host:port>.*not HOST:PORT/],
    [["--tls", "fd00::1:80"], 2, /not HOST:PORT, or \[HOST\]:PORT for IPv6/],
    [["--tls", "host:65536"], 2, /a port from 1 to 65535/],
    [["--tls", address, ...own, "--socket", "/run/x.sock"], 2, /--tls cannot be used with --socket/],
    [["--tls", address, ...own, "--store", "/tmp/x"], 2, /--tls cannot be used with --store/],
    [["--tls", address, ...own, "--etcd", "http://127.0.0.1:1"], 2, /--etcd cannot be used with --tls/],
    [["--tls", address, "--tls-ca", ca, "--tls-cert", cert], 2, /--tls-key is needed with --tls/],
    [["--tls", address, ...own, "--tls-key", at("none")], 1, /cannot read .*none \(--tls-key\)/],
    [["--tls", address, ...own, "--tls-ca", at("empty")], 2, /--tls-ca names .*empty, which is no PEM file/],
    [["--tls", address, ...own, "--tls-key", at("daemon.key")], 2, /option tls\.key cannot be used: .*mismatch/],
    [["--tls", "127.0.0.1:1", ...own], 5, /127\.0\.0\.1:1/],
  ] as const) {
    const result = await cli(["list", ...(args as readonly string[])]);
    t.is(result.status, status, result.stderr);
    t.regex(result.stderr, said);
    t.is(result.stderr.trim().split("\n").length, 1, result.stderr);
  }
});

test("an address of IPv6, a server that is not a daemon, a wrong host name and a key with a passphrase are named", async (t) => {
  const { address: all, own, files, at } = await door(t, "::");
  const port = /^\[::\]:(\d+)$/.exec(all)![1]!;
  const address = `[::1]:${port}`;
  const listed = await cli(["list", "--tls", address, ...own]);
  t.deepEqual([listed.status, listed.stderr], [0, ""]);
  const plain = createServer().listen(0, "127.0.0.1");
  t.teardown(() => plain.close());
  await once(plain, "listening");
  const noTls = `127.0.0.1:${(plain.address() as AddressInfo).port}`;
  execFileSync("openssl", ["ec", "-in", files.key, "-aes128", "-passout", "pass:secret", "-out", at("locked.key")], {
    stdio: "ignore",
  });
  for (const [args, status, said] of [
    [["--tls", noTls, ...own], 5, /what answers at 127\.0\.0\.1:\d+ is not the TCP door of a daemon: .*--tls/],
    [["--tls", `localhost:${port}`, ...own], 1, /localhost:\d+ is not trusted: .*altnames.*openssl x509/],
    [["--tls", address, ...own, "--tls-key", at("locked.key")], 2, /tls\.key has a passphrase/],
    [["--tls", "host.invalid:7", ...own], 5, /no daemon answers at host\.invalid:7 .*because getaddrinfo .*--tls/],
    [["--tls", "[::1]:1", ...own], 5, /no daemon answers at \[::1\]:1 .*Check the host and the port of --tls/],
  ] as const) {
    const result = await cli(["list", ...(args as readonly string[])]);
    t.is(result.status, status, result.stderr);
    t.regex(result.stderr, said);
  }
});
