// Watchers of punts: snapshots, changes, revisions, and slow watchers.
import test from "ava";
import { ChangeLog } from "../../lib/punt/desired/change-log.js";
import type { PuntStatus, WatchEvent } from "../../lib/punt/index.js";
import { heapAfterGc } from "../support/machine/heap.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

async function take(watcher: AsyncIterator<WatchEvent>, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  while (events.length < count) events.push((await watcher.next()).value as WatchEvent);
  return events;
}

function brief(event: WatchEvent): string {
  if (event.kind === "snapshot") return `snapshot ${event.punts.length}${event.resync ? " resync" : ""}`;
  return event.kind === "change" ? `${event.event.id.cnf} ${event.event.from ?? "-"}>${event.event.to}` : event.kind;
}

/** Returns a change of a punt for the log. */
function change(cnf: string, from: PuntStatus["state"] | undefined, to: PuntStatus["state"]) {
  const id = { cnf, key: "", label: "" };
  return { id, from, to, cause: "", status: { id, state: to } as unknown as PuntStatus };
}

test("a watcher gets a snapshot, then changes; from a revision only the changes after it", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const watcher = it.manager.watch();
  t.deepEqual((await take(watcher, 1)).map(brief), ["snapshot 0"]);
  await it.manager.add({ cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" });
  const [seen] = await take(watcher, 1);
  t.is(brief(seen!), "a ->CREATED");
  await it.manager.delete({ cnf: "a" });
  t.deepEqual((await take(it.manager.watch({ from: seen!.revision }), 1)).map(brief), ["a CREATED>DELETED"]);
  t.deepEqual((await take(it.manager.watch({ from: "other:1" }), 1)).map(brief), ["snapshot 0 resync"]);
  const aborted = new AbortController();
  const last = it.manager.watch({ signal: aborted.signal });
  await last.next();
  const end = last.next();
  aborted.abort();
  t.true((await end).done);
  const open = watcher.next();
  t.is(brief((await open).value as WatchEvent), "a CREATED>DELETED");
  const closing = watcher.next();
  await it.manager.close();
  t.true((await closing).done);
});

test("the changes that are kept of a punt share one request, and each watcher gets its own", async (t) => {
  const log = new ChangeLog();
  const requests: WeakRef<object>[] = [];
  const publish = (vppInterface: string) => {
    const { status, ...event } = change("a", "PENDING", "FAILED");
    const request = { type: "SPAN", cnf: "a", vppInterface } as unknown as PuntStatus["request"];
    requests.push(new WeakRef(request));
    log.publish({ ...event, status: { ...status, request } });
  };
  const { revision } = log;
  for (const vppInterface of ["if0", "if0", "if1", "if1", "if1"]) publish(vppInterface);
  await new Promise(setImmediate);
  heapAfterGc();
  t.deepEqual(
    requests.map((request) => request.deref() !== undefined),
    [true, false, true, false, false],
  );
  const requestsSince = async () => {
    const events = await take(
      log.watch({ from: revision }, () => []),
      1,
    );
    return events.map((event) => (event.kind === "change" ? event.event.status.request : undefined));
  };
  const [one, other] = [await requestsSince(), await requestsSince()];
  t.like(one[0], { vppInterface: "if1" });
  t.deepEqual(one, other);
  t.not(one[0], other[0]);
});

test("a watcher that comes back and has missed nothing gets progress, then changes", async (t) => {
  const log = new ChangeLog();
  log.publish(change("a", undefined, "INIT"));
  const [seen] = await take(
    log.watch({}, () => []),
    1,
  );
  log.publish(change("b", undefined, "INIT"));
  for (const [cnf, events] of Object.entries({ a: ["progress", "a INIT>CREATED"], b: ["b ->INIT"] })) {
    const watcher = log.watch({ from: seen!.revision, cnf }, () => []);
    if (cnf === "a") log.publish(change("a", "INIT", "CREATED"));
    t.deepEqual((await take(watcher, events.length)).map(brief), events);
  }
});

test("a slow watcher gets the last state of each punt, from the state it knows", async (t) => {
  const log = new ChangeLog();
  const watcher = log.watch({}, () => []);
  log.publish(change("a", undefined, "INIT"));
  log.publish(change("b", undefined, "INIT"));
  log.publish(change("a", "INIT", "PENDING"));
  log.publish(change("a", "PENDING", "CREATED"));
  t.deepEqual((await take(watcher, 3)).map(brief), ["snapshot 0", "b ->INIT", "a ->CREATED"]);
});

test("a watcher of one CNF gets progress events while only other CNFs change", async (t) => {
  const log = new ChangeLog({ progress: 1 });
  const watcher = log.watch({ cnf: "a" }, () => []);
  await take(watcher, 1);
  const next = watcher.next();
  log.publish(change("b", undefined, "INIT"));
  const keepAlive = setInterval(() => {}, 1000);
  t.deepEqual((await next).value, { kind: "progress", revision: log.revision });
  clearInterval(keepAlive);
});

test("a watcher that does not read is ended with ERR_RESOURCE_EXHAUSTED", async (t) => {
  const log = new ChangeLog({ lag: 3, patience: -1 });
  const watcher = log.watch({}, () => []);
  await take(watcher, 1);
  for (let index = 0; index < 5; index++) log.publish(change(`cnf${index}`, undefined, "INIT"));
  await t.throwsAsync(() => watcher.next(), { code: "ERR_RESOURCE_EXHAUSTED" });
});

test("a revision that is not kept any more gives a snapshot again", async (t) => {
  const log = new ChangeLog();
  const first = log.revision;
  for (let index = 0; index < 10_001; index++) log.publish(change("a", undefined, "INIT"));
  t.deepEqual(
    (
      await take(
        log.watch({ from: first }, () => []),
        1,
      )
    ).map(brief),
    ["snapshot 0 resync"],
  );
  const future = `${first.split(":")[0]}:999999`;
  t.deepEqual(
    (
      await take(
        log.watch({ from: future }, () => []),
        1,
      )
    ).map(brief),
    ["snapshot 0 resync"],
  );
});
