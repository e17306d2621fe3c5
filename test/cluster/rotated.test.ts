// The certificates for etcd are replaced while a daemon runs: it reads them again with its other files, and new connections take them.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { RemotePunts } from "../../lib/module/remote/index.js";
import { Certificates } from "../support/daemon/certificates.js";
import { type DaemonTest, daemonTest } from "../support/daemon/daemon.js";
import { EtcdServer } from "../support/etcd/etcd.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";

const withEtcd = need("etcd", "etcdctl", "openssl").test.serial;

/** Files at paths that stay, with certificates that two authorities have signed. */
class Rotating {
  readonly #certificates: Certificates;
  readonly at: (name: string) => string;

  constructor(t: ExecutionContext) {
    const folder = mkdtempSync(join(tmpdir(), "vpp-punt-rotated-"));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    this.#certificates = new Certificates(folder);
    this.at = (name) => join(folder, name);
    for (const ca of ["old", "new"]) {
      this.#certificates.makeCa(ca);
      for (const name of ["server", "client", "second"]) this.#certificates.make(`${ca}-${name}`, ca);
    }
  }

  /** Puts the files of an authority in place. */
  place(ca: string, client = "client"): void {
    copyFileSync(this.at(`${ca}.pem`), this.at("trusted.pem"));
    for (const end of ["pem", "key"]) {
      copyFileSync(this.at(`${ca}-server.${end}`), this.at(`etcd.${end}`));
      copyFileSync(this.at(`${ca}-${client}.${end}`), this.at(`daemon.${end}`));
    }
  }

  get tls(): { ca: string; cert: string; key: string } {
    return { ca: this.at("trusted.pem"), cert: this.at("daemon.pem"), key: this.at("daemon.key") };
  }

  startEtcd(t: ExecutionContext): Promise<EtcdServer> {
    const { ca, cert, key } = this.tls;
    const server = ["--cert-file", this.at("etcd.pem"), "--key-file", this.at("etcd.key")];
    return EtcdServer.start(t, {
      scheme: "https",
      args: [...server, "--client-cert-auth", "--trusted-ca-file", ca],
      ctl: ["--cacert", ca, "--cert", cert, "--key", key],
    });
  }
}

interface Started {
  readonly files: Rotating;
  readonly etcd: EtcdServer;
  readonly running: DaemonTest;
  readonly punts: RemotePunts;
}

async function started(t: ExecutionContext): Promise<Started> {
  const files = new Rotating(t);
  files.place("old");
  const etcd = await files.startEtcd(t);
  const access = { endpoints: etcd.url, host: "h1", tls: files.tls, timeout: 1000, lease: 10 };
  const running = await daemonTest(t, { etcd: access });
  const punts = await running.connect();
  await adds(punts, "first");
  return { files, etcd, running, punts };
}

/** Adds a punt, as soon as the daemon acts. */
async function adds(punts: RemotePunts, key: string): Promise<void> {
  const span = { cnf: "a", key, type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;
  const added = () => punts.add(span, { waitFor: "CREATED", timeout: 5_000 }).then(() => true);
  await until(
    `punt ${key}`,
    () => added().catch(() => false),
    async () => String(await added().catch((it) => it)),
  );
}

function socketOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // It was the one for the folder.
    return "";
  }
}

/** The ends in this process of connections to etcd: etcd has some to itself. */
function connections(etcd: EtcdServer): string[] {
  const port = Number(new URL(etcd.url).port).toString(16).toUpperCase().padStart(4, "0");
  const ESTABLISHED = "01";
  const lines = readFileSync("/proc/net/tcp", "utf8").trim().split("\n").slice(1);
  const ends = lines.map((line) => line.trim().split(/\s+/));
  const own = new Set(readdirSync("/proc/self/fd").map(socketOf));
  const open = ends.filter(
    (it) => it[2]!.endsWith(`:${port}`) && it[3] === ESTABLISHED && own.has(`socket:[${it[9]}]`),
  );
  return open.map(([, local]) => local!).sort();
}

withEtcd(
  "a daemon reaches an etcd of another authority after it has read its files again, and is cut off before",
  async (t) => {
    const { files, etcd, running, punts } = await started(t);
    await etcd.kill();
    files.place("new");
    await etcd.run();
    const away = { cnf: "b", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth1" } as const;
    const isCutOff = () =>
      punts.add(away).then(
        () => false,
        ({ code }) => code === "ERR_ETCD_AWAY",
      );
    await until("the loss of etcd", isCutOff);
    // Longer than the client waits between two attempts to connect.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    t.true(await isCutOff());
    await running.daemon.reload();
    await adds(punts, "after");
  },
);

withEtcd(
  "a certificate that is replaced while etcd runs: nothing is lost, and no connection with the old one stays",
  async (t) => {
    const { files, etcd, running, punts } = await started(t);
    const before = connections(etcd);
    t.true(before.length > 0);
    await running.daemon.reload();
    await adds(punts, "before");
    t.deepEqual(connections(etcd), before, "the files are the same");
    files.place("old", "second");
    const changes = Array.from({ length: 5 }, (_, index) => adds(punts, `during ${index}`.replace(" ", "-")));
    await running.daemon.reload();
    await Promise.all(changes);
    await until("the end of the old connections", () => !connections(etcd).some((it) => before.includes(it)));
    await adds(punts, "after");
    t.is((await punts.list()).length, 8);
  },
);

withEtcd("bad files leave the daemon with the files that it has", async (t) => {
  const { files, running, punts } = await started(t);
  writeFileSync(files.tls.cert, "no certificate");
  await t.throwsAsync(running.daemon.reload(), { code: "ERR_OPTION", message: /etcd\.tls/ });
  await adds(punts, "second");
  rmSync(files.tls.key);
  await t.throwsAsync(running.daemon.reload(), { code: "ENOENT" });
  await adds(punts, "third");
});
