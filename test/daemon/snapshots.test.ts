// The punts of a revision as callers see them: those with the same rights share them.
import test from "ava";
import { Rights } from "../../lib/daemon/policy/rights.js";
import { PuntNames } from "../../lib/daemon/service/names.js";
import { Snapshot } from "../../lib/daemon/service/snapshots.js";
import { View } from "../../lib/daemon/service/view.js";
import type { PuntStatus } from "../../lib/punt/index.js";

const CALLER = { kind: "unix", uid: 1000, gid: 1000, pid: 1, groups: [], socket: "/x" } as const;
const RULE = { name: "u", cnfs: ["a"] };

/** A punt of CNF a, whose failure names a punt of another CNF. */
function conflicting(): PuntStatus {
  const id = { cnf: "a", key: "", label: "" };
  const message = "punt a (SPAN) and punt hidden/project/merger (ABX) both want eth0";
  const failure = { item: "request", code: "ERR_CONFLICT", message, attempts: 1, nextTry: new Date(0) };
  const request = { ...id, type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" };
  const metadata = { id, type: "SPAN", interconnects: [], caveats: [] };
  return { id, request, state: "FAILED", missing: [], reasons: [], failure, metadata } as unknown as PuntStatus;
}

test("a caller who has named another CNF shows its punts to none that comes after", (t) => {
  const names = new PuntNames();
  names.add({ cnf: "hidden", key: "project", label: "merger" });
  const snapshot = new Snapshot("1:1", [conflicting()]);
  const view = () => new View(new Rights(CALLER as never, [RULE as never]), names);
  const first = view();
  first.label("hidden");
  t.deepEqual(snapshot.seenBy(first, "hidden"), []);
  const [seen] = snapshot.seenBy(view());
  t.is(seen!.status.failure?.message, "punt a (SPAN) and a punt of another CNF (ABX) both want eth0");
});
