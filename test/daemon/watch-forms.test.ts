// One change for several watchers: each gets it in its own form, and as it may see it, also where a burst is encoded once for all.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import test, { type ExecutionContext } from "ava";
import type { PuntEvent, WatchEvent } from "../../lib/punt/index.js";
import { Punts, stateFromWire, statusFromWire } from "../../lib/wire/index.js";
import { daemonTest, ROOT } from "../support/daemon/daemon.js";
import { span } from "../support/etcd/members.js";

const POLICY = `rules:
  - name: operators
    match: { uid: 0 }
    operator: true
  - name: viewers
    match: { uid: 2001 }
    operator: true
    readOnly: true
  - name: owner
    match: { uid: 2002 }
    cnfs: mon
    types: SPAN
`;

type Heard = readonly Pick<PuntEvent, "from" | "to" | "cause" | "status">[];

/** The changes up to the deletion of punt `mon`. */
async function changesOf(events: AsyncIterable<WatchEvent>): Promise<Heard> {
  const heard: PuntEvent[] = [];
  for await (const event of events)
    if (event.kind === "change" && heard.push(event.event) && event.event.to === "DELETED") break;
  return heard.filter(({ id }) => id.cnf === "mon").map(({ id: _id, ...more }) => more);
}

/** The same of a client of another form than the module's. */
async function* eventsOf(transport: Transport): AsyncIterable<WatchEvent> {
  for await (const { revision, event } of createClient(Punts, transport).watch({})) {
    if (event.case === "snapshot") yield { kind: "snapshot", revision, punts: [] };
    if (event.case !== "change") continue;
    const { id, from, to, cause, status } = event.value;
    const change = { from: stateFromWire(from), to: stateFromWire(to)!, cause, status: statusFromWire(status) };
    yield { kind: "change", revision, event: { id: { ...id!, key: "", label: "" }, ...change } };
  }
}

/** Resolves when the watcher has its snapshot. */
async function watching(events: AsyncIterable<WatchEvent>): Promise<{ changes: Promise<Heard> }> {
  const rest = events[Symbol.asyncIterator]();
  await rest.next();
  return { changes: changesOf({ [Symbol.asyncIterator]: () => rest }) };
}

const secretsOf = (heard: Heard) =>
  heard.flatMap(({ status }) =>
    status.metadata.interconnects.map(({ attachment }) => (attachment.kind === "memif" ? attachment.secret : "none")),
  );

async function start(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-forms-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const policy = join(folder, "policy.yaml");
  writeFileSync(policy, POLICY);
  return daemonTest(t, { policy });
}

test("a watcher gets the same changes in each form, with a secret only if it may have it", async (t) => {
  const { socket, connect } = await start(t);
  const root = await connect(ROOT);
  const baseUrl = "http://localhost";
  const nodeOptions = { createConnection: () => connectTo(socket) };
  const transports = [
    createGrpcTransport({ baseUrl, nodeOptions }),
    createGrpcWebTransport({ baseUrl, nodeOptions, httpVersion: "1.1" }),
    createConnectTransport({ baseUrl, nodeOptions, httpVersion: "1.1" }),
    createConnectTransport({ baseUrl, nodeOptions, httpVersion: "2", useBinaryFormat: true }),
  ];
  const wholes = await Promise.all([root.watch(), ...transports.map(eventsOf)].map(watching));
  const [viewer, owner] = [
    await connect({ ...ROOT, uid: 2001, gid: 1 }),
    await connect({ ...ROOT, uid: 2002, gid: 1 }),
  ];
  const [viewed, owned] = await Promise.all([viewer.watch(), owner.watch()].map(watching));
  const others = Array.from({ length: 20 }, (_, index) => span(`fw${index}`));
  await root.apply({ punts: [...others, span("mon")] }, { waitFor: "CREATED", keep: true });
  await root.delete({ cnf: "mon" });
  const heard = await Promise.all(wholes.map(({ changes }) => changes));
  t.true(heard[0]!.some(({ to }) => to === "CREATED"));
  for (const each of heard.slice(1)) t.deepEqual(each.at(-1), heard[0]!.at(-1));
  const secrets = new Set(heard.flatMap(secretsOf));
  t.is(secrets.size, 1);
  t.regex([...secrets][0]!, /.{16}/);
  t.deepEqual(new Set(secretsOf(await viewed!.changes)), new Set([""]));
  t.deepEqual(new Set(secretsOf(await owned!.changes)), secrets);
});
