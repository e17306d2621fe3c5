// The names of punts in a text: whose are hidden, and until when.
import test from "ava";
import { PuntNames } from "../../lib/daemon/service/index.js";
import type { PuntId } from "../../lib/punt/index.js";

const id = (cnf: string, key = "", label = ""): PuntId => ({ cnf, key, label });

/** The names of these punts, and how a text of theirs is shown to a caller who sees only the CNF `own`. */
function namesOf(...ids: readonly PuntId[]) {
  const names = new PuntNames();
  for (const each of ids) names.add(each);
  const asked = new Set<string>();
  const isHidden = (cnf: string) => {
    asked.add(cnf);
    return cnf !== "own";
  };
  return { names, asked, shown: (text: string) => names.hide(text, isHidden, "another") };
}

test("whole names are hidden, the longest ones first, and nothing that only begins like one", (t) => {
  const { shown } = namesOf(id("fw"), id("fw", "a"), id("fw", "a", "web"), id("web"), id("own"), id("b.c"));
  t.is(shown("punt fw/a/web and punt fw/a and fw"), "another and another and another");
  t.is(shown("fw/ab, fwx, fw-a and xfw"), "another/ab, fwx, fw-a and xfw");
  t.is(shown("fw/a/web/x"), "another/x");
  t.is(shown("fw/a b"), "another b");
  t.is(shown("own has what fw... has: b.c.-"), "own has what another... has: another.-");
  t.is(shown("a text without one"), "a text without one");
  t.is(shown(""), "");
});

test("a name is hidden as long as a punt has it", (t) => {
  const { names, asked, shown } = namesOf(id("fw", "a"), id("fw", "", "a"));
  names.take({ id: id("fw", "a"), from: "INIT", to: "CREATED" });
  names.take({ id: id("fw", "a"), from: "CREATED", to: "DELETED" });
  t.is(shown("punt fw/a"), "another", "the other punt of that name is there");
  names.take({ id: id("fw", "b"), from: undefined, to: "INIT" });
  names.remove(id("fw", "", "a"));
  t.is(shown("punt fw/a and punt fw/b"), "punt fw/a and another");
  for (const gone of [id("fw", "b"), id("fw", "b"), id("never"), id("fw", "never")]) names.remove(gone);
  asked.clear();
  t.is(shown("punt fw/b"), "punt fw/b");
  t.deepEqual([...asked], [], "nothing is kept of a CNF without punts");
});

test("a text that names a hidden CNF at each word costs its length, however long the writer's own names are", (t) => {
  const long = "fw ".repeat(100_000);
  const { shown } = namesOf(id("fw", "a"), id("own", "k".repeat(long.length)));
  t.is(shown(long), long);
});
