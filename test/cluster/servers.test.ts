// An etcd of several servers, of which some do not answer.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import test, { type ExecutionContext } from "ava";
import { etcdError } from "../../lib/cluster/etcd/errors.js";
import { Mirror } from "../../lib/cluster/etcd/index.js";
import { Etcd, Keys } from "../../lib/cluster/index.js";
import type { PuntError } from "../../lib/errors.js";
import { eventually } from "../support/etcd/members.js";
import { ThreeEtcds } from "../support/etcd/three.js";
import { need } from "../support/need.js";

const withEtcd = need("etcd", "etcdctl").test.serial;
const KEY = new Keys("/vpp-punt", "h1").key("wanted", "dns", "", "");

async function connected(t: ExecutionContext, endpoints: string | readonly string[]): Promise<Etcd> {
  const etcd = await Etcd.open({ endpoints, timeout: 1_000 });
  t.teardown(() => etcd.close());
  return etcd;
}

/** Resolves once the other members answer without the first one: they may have to elect a leader. */
async function othersAnswer(t: ExecutionContext, { endpoints }: ThreeEtcds): Promise<void> {
  const other = await connected(t, endpoints.slice(1));
  await eventually(() => succeeds(other.get(KEY)));
}

function succeeds(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    () => false,
  );
}

const WRITES = 60;

/** Writes values, each until it is written. @returns how often that failed: a busy machine is late now and then */
async function writeMany(etcd: Etcd): Promise<number> {
  let failures = 0;
  for (let turn = 1; turn <= WRITES; turn++) {
    const write = () => etcd.write([], [{ key: KEY, value: `${turn}` }]);
    while (!(await succeeds(write())) && failures < 100) failures++;
  }
  return failures;
}

/** One of three servers does not answer: a client that takes them in turn fails for a third of its calls, and for more as they are repeated. */
const MOST_FAILURES = WRITES / 5;

/** Returns a copy that follows etcd. */
async function followed(t: ExecutionContext, etcd: Etcd): Promise<Mirror> {
  const folder = new Keys("/vpp-punt", "h1").folder("wanted");
  const mirror = new Mirror(etcd, [folder], { changed: () => {}, reached: () => {} });
  t.teardown(() => mirror.close());
  mirror.start();
  await eventually(() => mirror.isReached);
  return mirror;
}

withEtcd("calls go to another server when one is dead", async (t) => {
  const three = await ThreeEtcds.start(t);
  const etcd = await connected(t, three.endpoints);
  await etcd.write([], [{ key: KEY, value: "0" }]);
  three.kill(0);
  await othersAnswer(t, three);
  // The connection may end in the middle of the first call.
  await etcd.write([], [{ key: KEY, value: "0" }]).catch(() => {});
  t.true((await writeMany(etcd)) <= MOST_FAILURES);
  t.is((await etcd.get(KEY))?.value, `${WRITES}`);
});

withEtcd("a server that is stopped is left by writes and by the copy of etcd", async (t) => {
  const three = await ThreeEtcds.start(t);
  const etcd = await connected(t, three.endpoints);
  const mirror = await followed(t, etcd);
  three.stop(0);
  const written = await etcd.write([], [{ key: KEY, value: "0" }]).catch((error: PuntError) => error);
  // On a busy machine, the first server may have been too late for an earlier call: then the write goes to the next one.
  if (written instanceof Error) t.like(written, { code: "ERR_ETCD_AWAY", details: { outcome: "unknown" } });
  await othersAnswer(t, three);
  t.true((await writeMany(etcd)) <= MOST_FAILURES);
  t.is((await etcd.get(KEY))?.value, `${WRITES}`);
  await eventually(() => mirror.get(KEY)?.value === `${WRITES}`);
});

withEtcd("a read goes to the next server", async (t) => {
  const three = await ThreeEtcds.start(t);
  const etcd = await connected(t, three.endpoints);
  await etcd.write([], [{ key: KEY, value: "here" }]);
  three.stop(0);
  await othersAnswer(t, three);
  t.is((await etcd.get(KEY))?.value, "here");
});

withEtcd("a copy at a member without a leader does not count as one of now", async (t) => {
  const three = await ThreeEtcds.start(t);
  const mirror = await followed(t, await connected(t, three.endpoints[0]!));
  // The member that is left answers pings.
  three.stop(1);
  three.stop(2);
  await eventually(() => !mirror.isReached);
  t.pass();
});

test("a server that says nothing in the TLS handshake keeps no process that is done with etcd", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.teardown(() => server.close());
  await once(server, "listening");
  const etcd = await connected(t, `https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const accepted = once(server, "connection");
  const asked = t.throwsAsync(etcd.get(KEY), { code: "ERR_ETCD_AWAY" });
  const [connection] = (await accepted) as [Socket];
  connection.resume().on("error", () => {});
  await asked;
  etcd.close();
  await once(connection, "close");
});

test("an etcd to which there never was a connection is one without a connection", (t) => {
  const cause = new Error("14 UNAVAILABLE: No connection established. Last error: null. Resolution note: ");
  t.is(
    etcdError("cluster.etcd", ["http://e:1"], cause).message,
    "cluster.etcd: etcd does not answer at http://e:1: no connection",
  );
});
