// A daemon that the test plays: the questions of a program, and its reading of the answers.
import { once } from "node:events";
import { createServer, type Http2Session } from "node:http2";
import { join } from "node:path";
import { createContextValues, type ServiceImpl } from "@connectrpc/connect";
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import { grpcHandler } from "../../lib/grpc/index.js";
import type { ConnectOptions } from "../../lib/module/options.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { errorToWire, idToWire, Punts, stateToWire, statusToWire } from "../../lib/wire/index.js";
import { ID, requestFor, statusOf } from "../support/module/life.js";
import { socketFolder } from "../support/punt-socket/peer.js";

type Calls = Partial<ServiceImpl<typeof Punts>>;

/** A client of a daemon that answers these calls. */
async function client(t: ExecutionContext, calls: Calls, options: ConnectOptions = {}): Promise<RemotePunts> {
  const socket = join(socketFolder(t), "manager.sock");
  const handler = grpcHandler({
    readMaxBytes: 1 << 20,
    routes: (router) => router.service(Punts, calls),
    contextValues: () => createContextValues(),
    unsent: () => {},
  });
  const server = createServer(handler as Parameters<typeof createServer>[0]).listen(socket);
  const sessions = new Set<Http2Session>();
  server.on("session", (session) => void sessions.add(session));
  await once(server, "listening");
  const punts = new RemotePunts({ socket, ...options });
  t.teardown(async () => {
    await punts.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  return punts;
}

const INFO = {
  ...{ version: "1", term: "t", vppConnected: true, caller: "unix uid 0 gid 0", operator: true, readOnly: false },
  ...{ rules: ["operators"], attachSocket: "/run/attach.sock" },
};

test("a daemon's report of devices and of its host has only what the daemon knows", async (t) => {
  const reports = [
    { devices: { vpp: "own", folders: {} } },
    {
      devices: { ...{ makesTaps: true, vpp: "other", namespace: "/proc/7/ns/net" }, folders: { "/run/netns": "open" } },
      cluster: { host: "h1", role: "leader", daemon: "one", addresses: ["/run/manager.sock"] },
      vppSocket: "/run/vpp/api.sock",
    },
    { devices: { makesTaps: false, refusal: "no vhost", vpp: "unknown", folders: { "/run/netns": "move" } } },
  ];
  const answers: object[] = [INFO, ...reports.map((report) => ({ ...INFO, ...report }))];
  const punts = await client(t, { info: async () => answers.shift() as never });
  t.deepEqual(await punts.info(), INFO);
  for (const report of reports) t.deepEqual(await punts.info(), { ...INFO, ...report } as never);
});

test("the hosts in etcd are listed with their daemons", async (t) => {
  const host = { host: "h1", daemon: "one", addresses: ["/run/manager.sock"], since: "2026-01-01", punts: 3 };
  const punts = await client(t, { hosts: async () => ({ hosts: [host, { ...host, host: "h2" }] }) });
  t.deepEqual(await punts.hosts(), [host, { ...host, host: "h2" }]);
});

test("an applied set has what became of each punt", async (t) => {
  const asked: unknown[] = [];
  const ids = ["a", "b", "c", "d", "e", "f"].map((key) => ({ ...ID, key }));
  const status = (index: number) => statusToWire(statusOf("CREATED", "eth0", ids[index]!));
  const failure = { code: "ERR_CONFLICT", message: "punt.add: taken", details: { by: "x" } };
  const punts = await client(
    t,
    {
      async apply({ cnf, keep, host, session, wait, delete: gone, requests }) {
        asked.push([cnf, keep, host, session, wait?.forCreated, wait?.timeoutMs, gone.map(({ key }) => key)]);
        asked.push(requests.length);
        return {
          ...{ added: [status(0)], updated: [status(1)], unchanged: [status(2), status(3)] },
          ...{ deleted: [idToWire(ids[4]!)], failed: [{ id: idToWire(ids[5]!), ...failure }] },
        };
      },
    },
    { host: "h2" },
  );
  const set = { cnf: "a", punts: [requestFor()], delete: [{ cnf: "a", key: "old" }] };
  const result = await punts.apply(set, { keep: true, waitFor: "CREATED", timeout: 5_000 });
  t.deepEqual(asked, [["a", true, "h2", "", true, 5_000, ["old"]], 1]);
  const keys = (list: readonly { id: { key: string } }[]) => list.map(({ id }) => id.key).join();
  t.deepEqual([keys(result.added), keys(result.updated), keys(result.unchanged)], ["a", "b", "c,d"]);
  t.deepEqual(result.deleted, [ids[4]!]);
  t.deepEqual(result.failed[0]!.id, ids[5]!);
  t.like(result.failed[0]!.error, { op: "punt.add", code: "ERR_CONFLICT", message: "punt.add: taken" });
  t.deepEqual(result.failed[0]!.error.details, { by: "x" });
});

test("a plan that a daemon has made has the punts and values of its steps", async (t) => {
  const step = { action: "create", item: "acl/x", why: "it is new" };
  const punts = await client(t, {
    plan: async () => ({
      steps: [
        { ...step, punts: [idToWire(ID)], value: { port: 53 } },
        { ...step, action: "delete", punts: [] },
      ],
      punts: [{ id: idToWire(ID), state: stateToWire("PENDING")!, reasons: ["no eth0"] }],
    }),
  });
  const plan = await punts.plan({ add: [requestFor()] });
  t.deepEqual(plan.steps, [
    { ...step, punts: [ID], value: { port: 53 } },
    { ...step, action: "delete", punts: [] },
  ] as never);
  t.deepEqual(plan.punts, [{ id: ID, state: "PENDING", reasons: ["no eth0"] }]);
});

const none = () => errorToWire(new PuntError("punt.get", "ERR_NO_SUCH_PUNT", "there is none"));

test("a deletion whose second attempt finds no punt has succeeded; a first attempt that finds none has failed", async (t) => {
  const failures: (Error | undefined)[] = [errorToWire(new PuntError("punt.delete", "ERR_CLOSED", "over")), none()];
  let attempts = 0;
  const punts = await client(
    t,
    {
      async delete() {
        attempts++;
        const failure = failures.shift();
        if (failure) throw failure;
        return {};
      },
    },
    { wait: true },
  );
  await t.notThrowsAsync(punts.delete({ cnf: "a" }));
  t.is(attempts, 2);
  failures.push(none());
  await t.throwsAsync(punts.delete({ cnf: "a" }), { code: "ERR_NO_SUCH_PUNT" });
  failures.push(errorToWire(new PuntError("punt.delete", "ERR_CLOSED", "over")));
  failures.push(errorToWire(new PuntError("punt.delete", "ERR_POLICY", "not yours")));
  await t.throwsAsync(punts.delete({ cnf: "a" }), { code: "ERR_POLICY" });
  t.is(attempts, 5);
});

test("a punt that the daemon does not have is undefined, and another error is one", async (t) => {
  const failures = [none(), errorToWire(new PuntError("punt.get", "ERR_POLICY", "not yours"))];
  const punts = await client(t, {
    async get() {
      throw failures.shift();
    },
  });
  t.is(await punts.get({ cnf: "a" }), undefined);
  await t.throwsAsync(punts.get({ cnf: "a" }), { code: "ERR_POLICY" });
});

test("frames are explained without a trace, unless the program asks for one", async (t) => {
  const asked: unknown[] = [];
  const punts = await client(
    t,
    {
      async explainFrames({ frames, trace, interface: name, host }) {
        asked.push([frames.map((frame) => frame.length), trace, name, host]);
        return { frames: [] };
      },
    },
    { host: "h2" },
  );
  t.deepEqual(await punts.explainFrames([new Uint8Array(60), Buffer.alloc(64)], { interface: "eth0" }), []);
  await punts.explainFrames([new Uint8Array(60)], { interface: "eth1", trace: true });
  t.deepEqual(asked, [
    [[60, 64], false, "eth0", "h2"],
    [[60], true, "eth1", "h2"],
  ]);
});

test("a list of a later daemon has all punts: what is not known is UNKNOWN, and the others are as they are", async (t) => {
  const status = statusOf("CREATED", "eth0");
  const { metadata } = status;
  const attachment = { kind: "tap", name: "tap-a", namespace: "" } as const;
  const tap = { type: "TAP", vppSelector: "eth0", cnfSelector: "a", shared: false, attachment } as const;
  const whole = { ...status, metadata: { ...metadata, interconnects: [tap] } };
  const known = () => statusToWire(whole);
  const later = [known(), known(), known(), known()];
  later[0]!.state = 99 as never;
  later[1]!.request!.type = 99 as never;
  later[1]!.metadata!.type = 99 as never;
  later[2]!.metadata!.interconnects[0]!.type = 99 as never;
  later[3]!.metadata!.interconnects[0]!.attachment!.kind = { case: undefined };
  const punts = await client(t, { list: async () => ({ punts: [known(), ...later] }) });
  const [before, ofState, ofType, ...ofEnds] = await punts.list();
  t.deepEqual(before, whole);
  t.deepEqual(ofState, { ...whole, state: "UNKNOWN" as never });
  const unknown = { ...whole.metadata, type: "UNKNOWN" as never };
  t.deepEqual(ofType, { ...whole, request: ID as never, metadata: unknown });
  for (const each of ofEnds) t.deepEqual(each, { ...whole, metadata: { ...metadata, interconnects: [] } });
});

test("a watch goes on past a change that a later daemon tells", async (t) => {
  const status = Object.assign(statusToWire(statusOf("CREATED", "eth0")), { state: 99 });
  const states = { from: stateToWire("INIT"), to: 99 as never };
  async function* watch() {
    yield { event: { case: "snapshot" as const, value: { punts: [status] } } };
    yield { event: { case: "change" as const, value: { id: idToWire(ID), ...states, status } } };
    yield { event: { case: undefined } };
  }
  const punts = await client(t, { info: async () => INFO, watch: watch as never });
  const events = [];
  for await (const event of punts.watch()) if (events.push(event) === 3) break;
  t.like(events[0], { punts: { 0: { state: "UNKNOWN" } } });
  t.like(events[1], { event: { from: "INIT", to: "UNKNOWN" } });
  t.is(events[2]!.kind, "progress");
});
