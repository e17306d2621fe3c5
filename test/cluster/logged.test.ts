// The words of a daemon's log about its part in the cluster.
import { join } from "node:path";
import { Daemon } from "../../lib/daemon/index.js";
import { type Logger, SILENT } from "../../lib/logger.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { eventually, Members } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const { test: withEtcd } = need("etcd", "etcdctl");

withEtcd("a daemon that etcd does not answer warns of it, from the beginning and later", async (t) => {
  const { directory, vpp, etcd } = await Members.start(t);
  await etcd.kill();
  const said: string[] = [];
  const of = (level: string) => (fields: object, text: string) => {
    if ("role" in fields) said.push(`${level} ${text}`);
  };
  const logger: Logger = { ...SILENT, info: of("info"), warn: of("warn") };
  const daemon = await Daemon.start({
    ...{ socket: join(directory, "manager.sock"), socketDirectory: join(directory, "sockets") },
    ...{ vppSocket: vpp.apiSocket, logger },
    etcd: { endpoints: etcd.url, host: "h1", timeout: 20_000 },
    manager: { host: new EmulatedHost(vpp), memifDirectory: join(directory, "memif") },
  });
  t.teardown(() => daemon.close());
  const cutOff =
    /^warn cut off: etcd does not answer at http:.*: .*; VPP keeps the punts of host h1, and nothing is changed$/;
  const acts = "info what this daemon does for its host";
  const isCutOff = () => cutOff.test(said.at(-1) ?? "");
  await eventually(isCutOff);
  t.is(said.length, 1);
  t.regex(said[0]!, /ECONNREFUSED/);
  // The files were read, though the punts are not known yet.
  t.deepEqual(await daemon.reload(), []);
  await etcd.run();
  await eventually(() => said.at(-1) === acts);
  await etcd.kill();
  await eventually(isCutOff);
  t.pass();
});
