// etcd with certificates on both sides and with users: what a daemon and the command line are given, and what is refused.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd } from "../../lib/cluster/index.js";
import { obstacleOf } from "../../lib/daemon/standing.js";
import type { PuntError } from "../../lib/errors.js";
import { cli } from "../support/cli/command.js";
import { eventually, hasRole, Members, socketPunt, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test: withEtcd, reason } = need("etcd", "etcdctl", "openssl");

const folder = mkdtempSync(join(tmpdir(), "vpp-punt-access-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function makeCertificate(name: string, ca: string): void {
  openssl("req", ...KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", "/");
  writeFileSync(at(`${name}.ext`), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  const signer = ["-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-CAcreateserial", "-extfile", `${name}.ext`];
  openssl("x509", "-req", "-in", `${name}.csr`, ...signer, "-out", `${name}.pem`, "-days", "2");
}

if (reason === undefined) {
  for (const ca of ["ca", "foreign"])
    openssl("req", "-x509", ...KEY, "-keyout", `${ca}.key`, "-out", `${ca}.pem`, "-days", "2", "-subj", `/CN=${ca}`);
  makeCertificate("server", "ca");
  makeCertificate("client", "ca");
  makeCertificate("stranger", "foreign");
  writeFileSync(at("password"), "secret\n");
  writeFileSync(at("wrong"), "guess\n");
}

const TLS = { ca: at("ca.pem"), cert: at("client.pem"), key: at("client.key") };

withEtcd("a file for etcd that has no certificate, or another one's key, is named", async (t) => {
  const wrong = { ca: TLS.key, cert: TLS.key, key: at("server.key") };
  for (const [part, path] of Object.entries(wrong)) {
    const opened = Etcd.open({ endpoints: "https://127.0.0.1:1", tls: { ...TLS, [part]: path } });
    t.like(await t.throwsAsync<PuntError>(opened), {
      code: "ERR_OPTION",
      details: { option: `etcd.tls.${part}`, path },
    });
  }
});

withEtcd("a daemon and the command line reach an etcd that asks for certificates, and strangers do not", async (t) => {
  const pair = ["--cert-file", at("server.pem"), "--key-file", at("server.key")];
  const client = ["--client-cert-auth", "--trusted-ca-file", at("ca.pem")];
  const ctl = ["--cacert", TLS.ca, "--cert", TLS.cert, "--key", TLS.key];
  const members = await Members.start(t, { scheme: "https", args: [...pair, ...client], ctl });
  const daemon = await members.join({ tls: TLS });
  await hasRole(daemon, "leader");
  await daemon.add(span("dns"), { waitFor: "CREATED" });
  const flags = ["--etcd", members.etcd.url, "--host", "h1"];
  const files = ["--etcd-ca", TLS.ca, "--etcd-cert", TLS.cert, "--etcd-key", TLS.key];
  const listed = await cli(["list", ...flags, ...files]);
  t.regex(listed.stdout, /dns +SPAN +MEMIF +CREATED/);
  t.is(listed.stderr, "");
  const strange = ["--etcd-ca", TLS.ca, "--etcd-cert", at("stranger.pem"), "--etcd-key", at("stranger.key")];
  for (const [wrong, reason] of [
    [strange, /it refuses this program's certificate/],
    [["--etcd-ca", at("foreign.pem")], /its certificate is not trusted: /],
  ] as const) {
    const { status, stderr } = await cli(["list", ...flags, ...wrong]);
    t.is(status, 5, stderr);
    t.regex(stderr, /etcd does not answer at https:.*ERR_ETCD_AWAY.*openssl x509/);
    t.regex(stderr, reason);
  }
  // A daemon says it where operators look: at its port and in its log.
  const stranger = await members.join({ tls: { ca: TLS.ca, cert: at("stranger.pem"), key: at("stranger.key") } });
  const refusal = /it refuses this program's certificate/;
  await eventually(() => refusal.test(obstacleOf(stranger.standing) ?? ""));
  t.true(members.problems.some(({ message }) => refusal.test(message)));
});

withEtcd(
  "etcd's users: a password from a file, a role for the prefix, and tokens that etcd has forgotten",
  async (t) => {
    const members = await Members.start(t);
    const { etcd } = members;
    for (const words of [
      ["user", "add", "root:top"],
      ["role", "add", "punts"],
      ["role", "grant-permission", "--prefix=true", "punts", "readwrite", "/vpp-punt/"],
      ["user", "add", "daemon:secret"],
      ["user", "grant-role", "daemon", "punts"],
      ["user", "add", "nothing:secret"],
      ["auth", "enable"],
    ])
      etcd.ctl(...words);
    etcd.ctlArgs = ["--user", "root:top"];
    const daemon = await members.join({ user: "daemon", passwordFile: at("password") });
    await hasRole(daemon, "leader");
    const { id } = await daemon.add(span("dns"), { waitFor: "CREATED" });
    const flags = ["list", "--etcd", etcd.url, "--host", "h1", "--etcd-user"];
    const asked = await cli([...flags, "daemon"], { env: { VPP_PUNT_ETCD_PASSWORD: "secret" } });
    t.regex(asked.stdout, /dns +SPAN +MEMIF +CREATED/);
    for (const [user, file] of [
      ["daemon", "wrong"],
      ["nothing", "password"],
    ] as const) {
      const { status, stderr } = await cli([...flags, user, "--etcd-password-file", at(file)]);
      t.is(status, 1, stderr);
      t.regex(stderr, /etcd at http:.* refuses: .*\(ERR_ETCD_REFUSED\)/);
      t.false(stderr.includes("secret") || stderr.includes("guess"), stderr);
    }
    // etcd keeps tokens in its memory.
    await etcd.kill();
    await hasRole(daemon, "cut-off");
    await etcd.run();
    await hasRole(daemon, "leader");
    await eventually(() => daemon.get(id)?.state === "CREATED");
    await daemon.add(socketPunt("radius", 1812, members.directory), { waitFor: "CREATED" });
    t.is(
      members.problems.find(({ code }: PuntError) => code === "ERR_ETCD_REFUSED"),
      undefined,
    );
  },
);
