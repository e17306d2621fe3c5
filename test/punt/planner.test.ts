// Plans of a VPP where nothing happens.
import test from "ava";
import { marksFor, SubnetPool } from "../../lib/punt/interconnect/index.js";
import type { Facts, Seen } from "../../lib/punt/items/index.js";
import { Planner, type Wanted } from "../../lib/punt/plan/index.js";

const pools = { 4: new SubnetPool("192.168.111.0/24", 4), 6: new SubnetPool("fd76:7070:6e74::/112", 6) };
const marks = marksFor("owner", "/run/memif", pools);
const wanted = { punts: [], interconnects: [], namespaces: [], interconnectsOf: () => [] } as unknown as Wanted;

function facts(...seen: Seen[]): Facts {
  return {
    features: new Set(),
    lacks: new Map(),
    interfaces: [],
    interface: () => undefined,
    tables: new Set(["4/0"]),
    puntReasons: new Map(),
    namespaces: new Set(),
    seen: new Map(seen.map((each) => [each.key, each])),
    unreadable: new Map(),
    unreadableNamespaces: new Map(),
  };
}

const socket = (index: number, ours: boolean): Seen => ({
  kind: "memif-socket",
  key: `memif-socket/${index}`,
  value: { path: `/run/memif/${index}.sock` },
  ours,
  index,
});

const never = () => false;

test("the same facts have the same plan, and other facts another one", (t) => {
  const planner = new Planner();
  const first = planner.plan(wanted, marks, facts(socket(1, false)), never);
  t.is(planner.plan(wanted, marks, facts(socket(1, false)), never), first);
  const moved = planner.plan(wanted, marks, facts({ ...socket(1, false), index: 2 }), never);
  t.not(moved, first);
  t.not(planner.plan({ ...wanted }, marks, facts({ ...socket(1, false), index: 2 }), never), moved);
});

test("an object that was spared is deleted when it is not spared any more, although the facts are the same", (t) => {
  const planner = new Planner();
  let isSpared = true;
  const look = () => planner.plan(wanted, marks, facts(socket(1, true)), () => isSpared).steps;
  t.deepEqual(look(), []);
  isSpared = false;
  t.deepEqual(
    look().map(({ action, key }) => `${action} ${key}`),
    ["delete memif-socket/1"],
  );
});
