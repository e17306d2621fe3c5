// Wishes that change while the manager fulfils them: the latest wish wins.
import { setImmediate as nextTurn } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { Entry, Mirror, Write } from "../../lib/cluster/etcd/index.js";
import { Keys } from "../../lib/cluster/keys.js";
import { wishText } from "../../lib/cluster/records.js";
import type { StatusWriter } from "../../lib/cluster/status.js";
import { EtcdStore } from "../../lib/cluster/store.js";
import { Wishes } from "../../lib/cluster/wishes.js";
import type { Writer } from "../../lib/cluster/writer.js";
import { type PuntManager, type PuntRequest, parseRequest, type StoredState } from "../../lib/punt/index.js";

const keys = new Keys("/vpp-punt", "h1");
const request = parseRequest({ type: "SPAN", cnf: "dns", interconnect: "MEMIF", vppInterface: "eth0" });
const other = parseRequest({ type: "SPAN", cnf: "dns", interconnect: "MEMIF", vppInterface: "eth1" });
const wanted = keys.punt("wanted", request);
const NONE: StoredState = { manager: {}, punts: [], interconnects: [], namespaces: [], claims: {}, notes: {} };

/** A copy of etcd, into which the test writes, and a store over it that tells its writes. */
function stored() {
  const entries = new Map<string, Entry>();
  let revision = 1;
  const put = (key: string, value: string | undefined) => {
    revision++;
    if (value === undefined) entries.delete(key);
    else entries.set(key, { key, value, created: 1, modified: revision });
  };
  const mirror = {
    get: (key: string) => entries.get(key),
    below: (prefix: string) => [...entries.values()].filter(({ key }) => key.startsWith(prefix)),
  } as unknown as Mirror;
  const write = async (writes: readonly Write[]) => {
    for (const { key, value } of writes) put(key, value);
  };
  const store = new EtcdStore({ mirror, keys, writer: { write } as unknown as Writer, whoAsked: () => "" });
  const wish = (asked: PuntRequest | undefined) => put(wanted, asked && wishText(asked, "an operator"));
  const isWished = () => mirror.get(wanted) && JSON.parse(mirror.get(wanted)!.value).request.vppInterface;
  return { mirror, store, wish, isWished };
}

test("a wish that ends while it is granted is not written again", async (t) => {
  const { store, wish, isWished } = stored();
  wish(request);
  await store.following(wanted, request, async () => {
    wish(undefined);
    await store.save({ ...NONE, punts: [request] });
  });
  t.is(isWished(), undefined);
  await store.save(NONE);
  await store.save({ ...NONE, punts: [request] });
  t.is(isWished(), "eth0", "a call of a program is a wish");
});

test("a wish that changes while it is granted, or comes again while its punt is deleted, stays", async (t) => {
  const { store, wish, isWished } = stored();
  wish(request);
  await store.following(wanted, request, async () => {
    wish(other);
    await store.save({ ...NONE, punts: [request] });
  });
  t.is(isWished(), "eth1");
  wish(undefined);
  await store.following(wanted, undefined, async () => {
    wish(other);
    await store.save(NONE);
  });
  t.is(isWished(), "eth1");
  await store.save({ ...NONE, punts: [other] });
  await store.save(NONE);
  t.is(isWished(), undefined, "a program's deletion ends the wish");
});

/** The wishes over a manager that takes a request when the test says so. */
function following(t: ExecutionContext) {
  const { mirror, store, wish } = stored();
  let has: PuntRequest | undefined;
  const steps: { readonly what: string; make(): void }[] = [];
  const step = (what: string, to: PuntRequest | undefined) =>
    new Promise<void>((resolve) => {
      const make = () => {
        has = to;
        resolve();
      };
      steps.push({ what, make });
    });
  const manager = {
    get: () => has && { id: { cnf: "dns", key: "", label: "" }, request: has },
    list: () => [],
    add: (asked: PuntRequest) => step("add", asked),
    update: (asked: PuntRequest) => step("update", asked),
    delete: () => step("delete", undefined),
  } as unknown as PuntManager;
  const wishes = new Wishes({
    ...{
      manager,
      changes: manager,
      mirror,
      keys,
      statuses: { put: () => {}, delete: () => {} } as unknown as StatusWriter,
    },
    ...{ shown: (status) => status, asked: () => {}, problem: (error) => t.fail(error.message) },
    ...{ isGood: () => true, isOwn: () => false, following: store.following.bind(store) },
  });
  t.teardown(() => wishes.close());
  const changes = async (to: PuntRequest | undefined) => {
    wish(to);
    wishes.look(wanted);
    await nextTurn();
  };
  const take = async () => {
    const { what, make } = steps.shift()!;
    make();
    await nextTurn();
    return what;
  };
  return { changes, take, left: () => steps.length, has: () => has };
}

test("the punt of a wish that ended while it was granted is deleted", async (t) => {
  const { changes, take, left, has } = following(t);
  await changes(request);
  await changes(undefined);
  t.deepEqual([await take(), await take(), left()], ["add", "delete", 0]);
  t.is(has(), undefined);
});

test("a wish that changed while it was granted is what the punt becomes, however late the first one is", async (t) => {
  const { changes, take, left, has } = following(t);
  await changes(other);
  await take();
  await changes({ ...request, label: "" });
  await changes(other);
  t.deepEqual([await take(), await take(), left()], ["update", "update", 0]);
  t.deepEqual(has(), other);
});
