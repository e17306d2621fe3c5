// Daemons of one host that orchestrate StoneWork's CNFs, each with the items that it was given.
import { join } from "node:path";
import { fromJson } from "@bufbuild/protobuf";
import type { ExecutionContext } from "ava";
import { Daemon } from "../../lib/daemon/index.js";
import { type Logger, SILENT } from "../../lib/logger.js";
import { connectPunts } from "../../lib/module/index.js";
import { EmulatedHost } from "../../lib/punt/index.js";
import { StoneWorkModule } from "../../lib/stonework/index.js";
import { modelOf, packItem } from "../../lib/stonework/model.js";
import { PUNT_MODEL } from "../../lib/stonework/module/models.js";
import { eventually, Members } from "../support/etcd/members.js";
import { need } from "../support/need.js";
import { callerOf } from "../support/stonework/caller.js";
import { temporaryFolder } from "../support/stonework/folder.js";

const { test: withEtcd } = need("etcd", "etcdctl");
const REQUEST = { label: "p", puntType: "SPAN", interconnectType: "MEMIF", span: { vppInterface: "eth0" } };
const MODEL = modelOf(PUNT_MODEL.message);
const ITEM = packItem(MODEL, fromJson(MODEL.message, { name: "p", request: REQUEST }));

async function start(t: ExecutionContext, { directory, vpp, etcd }: Members, name: string, shared: string) {
  const socket = join(directory, name, "manager.sock");
  const left: object[] = [];
  const info = (fields: object, text: string) => {
    if (/punts without an item here stay/.test(text)) left.push(fields);
  };
  const daemon = await Daemon.start({
    ...{ socket, vppSocket: vpp.apiSocket, socketDirectory: join(directory, "sockets") },
    logger: { ...SILENT, info } as Logger,
    etcd: { endpoints: etcd.url, host: "h1", name, lease: 10 },
    manager: { host: new EmulatedHost(vpp), resyncInterval: 500 },
    stonework: { directory: shared, grpcPort: 0, httpPort: 0 },
  });
  t.teardown(() => daemon.close());
  const operator = await connectPunts({ socket });
  t.teardown(() => operator.close());
  const hasRole = (role: string) => eventually(async () => (await operator.info()).cluster?.role === role);
  return { daemon, operator, hasRole, left };
}

withEtcd("a daemon leaves the punts of the items that another daemon of its host was given", async (t) => {
  const members = await Members.start(t);
  const shared = temporaryFolder(t);
  const first = await start(t, members, "first", shared);
  await first.hasRole("leader");
  const place = { label: "cnf", address: "127.0.0.1", host: "127.0.0.1" };
  const module = await StoneWorkModule.start({ directory: shared, ...place, grpcPort: 0, httpPort: 0 });
  t.teardown(() => module.close());
  const caller = callerOf(first.daemon.stoneWorkPorts!.grpc);
  t.teardown(() => caller.close());
  await eventually(async () => (await caller.meta.knownModels({ class: "config" })).knownModels.length > 0);
  await caller.manager.setConfig({ updates: [{ item: ITEM }] });
  await eventually(async () => (await first.operator.list())[0]?.state === "CREATED");
  const second = await start(t, members, "second", shared);
  await eventually(() => second.left.length > 0);
  t.like(second.left[0], { cnf: "cnf" });
  t.is((await first.operator.list()).length, 1);
});
