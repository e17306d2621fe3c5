// A disk that is full at the nth write, and punts that share nothing with others: HAIRPIN_XCONNECT, HAIRPIN and ISISX.
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import { MemoryStore, type PuntRequestInput, type StoredState } from "../../lib/punt/index.js";
import { until } from "../support/machine/netns.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf } from "../support/punt/punts.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { changes, tapped } from "../support/vpp/tapped.js";

const TYPES = ["HAIRPIN_XCONNECT", "HAIRPIN", "ISISX"] as const;

/** A store on a disk that is full from the nth write on, until someone makes room. */
class FillingStore extends MemoryStore {
  saves = 0;
  fullAt = Number.POSITIVE_INFINITY;

  override async save(state: StoredState): Promise<void> {
    this.saves++;
    if (this.saves >= this.fullAt) throw new PuntError("punt.store", "ENOSPC", "the disk is full");
    await super.save(state);
  }
}

interface Filling {
  readonly it: ManagedVpp;
  readonly store: FillingStore;
  /** Messages that changed VPP. */
  readonly changed: string[];
}

async function filling(t: ExecutionContext): Promise<Filling> {
  const store = new FillingStore();
  const it = await managedVpp({ store });
  t.teardown(() => it.close());
  const changed: string[] = [];
  const hear = (name: string) => void (changes(name) && changed.push(name));
  const retry = { firstDelay: 10, longestDelay: 20 };
  await it.restartManager({ resyncInterval: 600_000, retry, vpp: tapped(it.client, { hear }) });
  return { it, store, changed };
}

const place = { cnf: "a", interconnect: "MEMIF", unique: 0 } as const;

/** Each change of a punt: what is there before, and the change. */
const OPERATIONS: Readonly<Record<string, (type: (typeof TYPES)[number]) => Change>> = {
  add: (type) => {
    const punt = puntOf(type, { ...place, subject: 0 });
    return { before: [], make: ({ manager }, timeout) => manager.add(punt, { waitFor: "CREATED", timeout }) };
  },
  update: (type) => {
    const [old, fresh] = [0, 1].map((subject) => puntOf(type, { ...place, subject }));
    return { before: [old!], make: ({ manager }, timeout) => manager.update(fresh!, { waitFor: "CREATED", timeout }) };
  },
  delete: (type) => {
    const punt = puntOf(type, { ...place, subject: 0 });
    const { cnf, key, label } = punt;
    const id = { cnf, ...(key && { key }), ...(label && { label }) };
    return { before: [punt], make: ({ manager }, timeout) => manager.delete(id, { timeout }) };
  },
};
interface Change {
  readonly before: readonly PuntRequestInput[];
  make(it: ManagedVpp, timeout: number): Promise<unknown>;
}
const LONG = 20_000;

for (const type of TYPES)
  for (const [operation, changeOf] of Object.entries(OPERATIONS))
    test(`${operation} of ${type}: the first write fails, nothing is done, and the next try works`, async (t) => {
      const { it, store, changed } = await filling(t);
      const { before, make } = changeOf(type);
      for (const punt of before) await it.manager.add(punt, { waitFor: "CREATED" });
      await it.manager.resync();
      const [vpp, punts, stored] = [await snapshot(it.client), it.manager.list(), await store.load()];
      changed.length = 0;
      store.fullAt = store.saves + 1;
      await t.throwsAsync(make(it, LONG), { instanceOf: PuntError, code: "ENOSPC" });
      await it.manager.resync();
      t.deepEqual(changed, []);
      t.deepEqual(await snapshot(it.client), vpp);
      t.deepEqual(it.manager.list(), punts);
      t.deepEqual(await store.load(), stored);
      store.fullAt = Number.POSITIVE_INFINITY;
      await make(it, LONG);
      t.notDeepEqual(await snapshot(it.client), vpp);
    });

for (const type of TYPES)
  for (const operation of ["add", "update"])
    test(`${operation} of ${type}: the store has the punt and no room for its claims: VPP stays, until there is room`, async (t) => {
      const { it, store, changed } = await filling(t);
      const { before, make } = OPERATIONS[operation]!(type);
      for (const punt of before) await it.manager.add(punt, { waitFor: "CREATED" });
      await it.manager.resync();
      const vpp = await snapshot(it.client);
      const problems: string[] = [];
      it.manager.on("problem", ({ code }) => problems.push(code));
      changed.length = 0;
      store.fullAt = store.saves + 2;
      await t.throwsAsync(make(it, 300), { instanceOf: PuntError, code: "ETIMEDOUT" });
      await until("the write of the claims", () => problems.length > 0);
      t.deepEqual(changed, []);
      t.deepEqual(await snapshot(it.client), vpp);
      t.deepEqual([...new Set(problems)], ["ENOSPC"]);
      const reasons = () => it.manager.list().flatMap(({ missing }) => missing.map(({ text }) => text));
      await until("the reason in the punt's status", () => reasons().some((text) => /the disk is full/.test(text)));
      store.fullAt = Number.POSITIVE_INFINITY;
      await make(it, LONG);
      t.is(it.manager.list()[0]!.state, "CREATED");
      const made = await snapshot(it.client);
      t.notDeepEqual(made, vpp);
      await it.restartManager();
      await it.manager.resync();
      t.deepEqual(await snapshot(it.client), made);
    });
