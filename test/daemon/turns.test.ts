// Many calls of one caller at once: other callers are answered in between, and the calls share what is made for them.
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, createServer } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { createContextValues } from "@connectrpc/connect";
import test, { type ExecutionContext } from "ava";
import { OneByOne, Snapshots, type View } from "../../lib/daemon/service/index.js";
import { grpcHandler } from "../../lib/grpc/index.js";
import { Turns } from "../../lib/grpc/turns.js";
import type { PuntStatus, WatchOptions } from "../../lib/punt/index.js";
import { Punts } from "../../lib/wire/index.js";
import { settled, statusOf } from "../support/module/life.js";
import { temporaryFolder } from "../support/stonework/folder.js";

const HEADERS = { ":method": "POST", ":path": "/vpp_punt.v1.Punts/Info", "content-type": "application/grpc" };
/** An empty message of gRPC. */
const EMPTY = Buffer.alloc(5);

test("a party has one turn in a turn of the event loop, in the order in which it came, and another party does not wait", async (t) => {
  const turns = new Turns();
  const order: string[] = [];
  const take = (party: string, name: string) => void turns.next(party).then(() => order.push(name));
  for (const name of ["a1", "a2", "a3"]) take("a", name);
  take("b", "b1");
  await Promise.resolve();
  t.deepEqual(order, ["a1", "b1"]);
  const seen: number[] = [];
  while (order.length < 4) {
    await new Promise(setImmediate);
    seen.push(order.length);
  }
  t.deepEqual(order, ["a1", "b1", "a2", "a3"]);
  t.true(seen.includes(3), "one after the other");
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  take("a", "a4");
  await Promise.resolve();
  t.is(order.at(-1), "a4");
});

/** A server that notes who calls, in the order in which the calls begin. */
async function served(t: ExecutionContext, begun: (who: string) => void) {
  const handler = grpcHandler({
    readMaxBytes: 1_000,
    routes: (router) =>
      router.service(Punts, {
        info: (_request, { requestHeader }) => {
          begun(requestHeader.get("who")!);
          return {};
        },
      }),
    contextValues: () => createContextValues(),
    unsent: () => {},
  });
  const path = join(temporaryFolder(t), "s");
  const server = createServer(handler as Parameters<typeof createServer>[0]).listen(path);
  await once(server, "listening");
  t.teardown(() => server.close());
  const client = async () => {
    const session = connectHttp2("http://localhost", { createConnection: () => connect(path) });
    session.on("error", () => {});
    t.teardown(() => session.destroy());
    await once(session, "remoteSettings");
    return session;
  };
  return client;
}

function ask(session: ClientHttp2Session, who: string, body: Buffer = EMPTY) {
  const stream = session.request({ ...HEADERS, who, te: "trailers" });
  stream.on("error", () => {});
  stream.resume().end(body);
  return stream;
}

test("of a connection with hundreds of calls at once, another connection's call does not wait for all", async (t) => {
  const order: string[] = [];
  let other: ClientHttp2Session | undefined;
  const client = await served(t, (who) => {
    order.push(who);
    if (order.length === 1) ask(other!, "other");
  });
  other = await client();
  const many = await client();
  for (let count = 0; count < 300; count++) ask(many, "many");
  while (order.length < 301) await new Promise(setImmediate);
  t.not(order.at(-1), "other");
});

test("calls that wait for their turn do not begin once their caller has gone", async (t) => {
  let calls = 0;
  let many: ClientHttp2Session | undefined;
  const client = await served(t, (who) => {
    if (who === "many" && calls++ === 0) many!.destroy();
  });
  many = await client();
  for (let count = 0; count < 300; count++) ask(many, "many");
  while (calls === 0) await new Promise(setImmediate);
  const other = await client();
  await once(ask(other, "other"), "trailers");
  t.true(calls < 300, `${calls}`);
});

test("the requests of a party that have not ended take twice the longest request, and those of others do not count", async (t) => {
  const client = await served(t, () => {});
  const [one, other] = [await client(), await client()];
  const begin = (session: ClientHttp2Session) => {
    const stream = session.request({ ...HEADERS, who: "one", te: "trailers" });
    stream.on("error", () => {});
    stream.resume().write(Buffer.concat([Buffer.from([0, 0, 0, 3, 0xe8]), Buffer.alloc(895)]));
    return stream;
  };
  const held = [begin(one), begin(one)];
  await new Promise((resolve) => one.ping(resolve));
  const [refused] = await once(begin(one), "trailers");
  t.is(refused["grpc-status"], "8");
  t.regex(decodeURIComponent(refused["grpc-message"]), /requests under way have more than 2000 bytes/);
  const [answered] = await once(ask(other, "other"), "trailers");
  t.is(answered["grpc-status"], "0");
  for (const stream of held) {
    stream.close();
    await once(stream, "close");
  }
  await new Promise((resolve) => one.ping(resolve));
  const [again] = await once(ask(one, "one"), "trailers");
  t.is(again["grpc-status"], "0");
});

const punt = (cnf: string) => statusOf("CREATED", "eth0", { cnf, key: "", label: "" });

/** A manager whose punts are read by a watch. */
function playedPunts() {
  const play = { reads: 0, punts: [punt("a"), punt("b")] as PuntStatus[], error: undefined as Error | undefined };
  const watch = async function* ({ signal }: WatchOptions = {}) {
    play.reads++;
    if (play.error) throw play.error;
    yield { kind: "snapshot" as const, revision: `t:${play.reads}`, punts: play.punts };
    await new Promise((resolve) => signal!.addEventListener("abort", resolve));
  };
  return { play, snapshots: new Snapshots({ watch } as never) };
}

const viewOf = (key: string, ...cnfs: string[]) =>
  ({
    rights: { key },
    sees: ({ cnf }: { cnf: string }) => cnfs.includes(cnf),
    status: (status: PuntStatus) => status,
    unnamed() {
      return this;
    },
  }) as unknown as View;

test("the punts are read once between two changes, and encoded once for callers with the same rights", async (t) => {
  const { play, snapshots } = playedPunts();
  const [first, second] = await Promise.all([snapshots.now(), snapshots.now()]);
  t.is(first, second);
  t.is(await snapshots.now(), first);
  t.is(play.reads, 1);
  const seen = first.seenBy(viewOf("x", "a", "b"));
  t.deepEqual(
    seen.map(({ id, status }) => [id.cnf, status.id?.cnf]),
    [
      ["a", "a"],
      ["b", "b"],
    ],
  );
  t.is(first.seenBy(viewOf("x", "a", "b")), seen);
  t.is(first.seenBy(viewOf("x", "a", "b"), "b")[0]!.status, seen[1]!.status);
  t.deepEqual(
    first.seenBy(viewOf("y", "b")).map(({ id }) => id.cnf),
    ["b"],
  );
  play.punts = [punt("c")];
  snapshots.forget();
  t.is((await snapshots.now()).punts[0]!.id.cnf, "c");
  t.is(play.reads, 2);
  snapshots.forget();
  play.error = new Error("etcd is away");
  await t.throwsAsync(snapshots.now(), { message: "etcd is away" });
  await settled();
  play.error = undefined;
  t.is((await snapshots.now()).revision, "t:4");
});

test("looks at VPP of one caller come one after the other, those of another at once, and none for a caller that has gone", async (t) => {
  const looks = new OneByOne();
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const { signal } = new AbortController();
  const look = (name: string) => () => {
    order.push(name);
    return new Promise<void>((resolve) => void ends.push(resolve));
  };
  const gone = new AbortController();
  const all = [looks.ask("a", signal, look("a1")), looks.ask("a", gone.signal, look("a2"))];
  all.push(looks.ask("a", signal, look("a3")), looks.ask("b", signal, look("b1")));
  await settled();
  t.deepEqual(order, ["a1", "b1"]);
  gone.abort();
  ends[0]!();
  await t.throwsAsync(all[1]!, { code: "ECANCELED" });
  await settled();
  t.deepEqual(order, ["a1", "b1", "a3"]);
  for (const end of ends) end();
  await Promise.all([all[0], all[2], all[3]]);
  await t.throwsAsync(
    looks.ask("a", signal, () => Promise.reject(new Error("no"))),
    { message: "no" },
  );
  t.is(await looks.ask("a", signal, async () => "last"), "last");
});
