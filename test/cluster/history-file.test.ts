// The file of a daemon's memory of etcd's history: its content, and damage of every kind.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { HISTORY, History, type Remembered } from "../../lib/cluster/history.js";
import { FileLock } from "../../lib/descriptor/index.js";
import type { PuntError } from "../../lib/errors.js";
import { parseState, StateFile } from "../../lib/files/index.js";
import { StoreLock } from "../../lib/punt/index.js";
import { refusesDamage } from "../support/damage.js";

const PLACE = { host: "edge1", prefix: "/vpp-punt" };
const WHOLE: Remembered = { place: PLACE, cluster: "c", revision: 7, generation: { number: 3, write: "w" } };

function fileOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-history-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, "etcd.json");
}

const open = (t: ExecutionContext, path: string) =>
  History.open(path, PLACE, { problem: (error) => t.fail(`${error}`) });

test("a history is kept for the next life, and is its user's", async (t) => {
  const path = fileOf(t);
  const first = await open(t, path);
  t.true(first.isNew);
  first.begin();
  first.see({ cluster: "c", revision: 5 }, 0);
  await first.close();
  t.is(statSync(path).mode & 0o777, 0o600);
  t.false(existsSync(`${path}.new`));
  const next = await open(t, path);
  t.false(next.isNew);
  t.throws(() => next.see({ cluster: "c", revision: 4 }, 0), { code: "ERR_ETCD_HISTORY" });
  t.throws(() => next.see({ cluster: "other", revision: 6 }, 0), { code: "ERR_ETCD_HISTORY" });
});

test("a memory whose lock was removed with its folder is not written: another daemon may have the folder", async (t) => {
  const path = fileOf(t);
  const lock = StoreLock.take(path);
  const problems: unknown[] = [];
  const problem = (error: unknown) => void problems.push(error);
  const history = await History.open(path, PLACE, { problem, requireState: () => lock.requireThere() });
  history.see({ cluster: "c", revision: 5 }, 0);
  await history.close();
  rmSync(dirname(path), { recursive: true });
  mkdirSync(dirname(path));
  using _other = FileLock.acquire(`${path}.lock`);
  history.see({ cluster: "c", revision: 6 }, 0);
  await history.close();
  t.like(problems, [{ code: "ERR_STORE_LOST" }]);
  t.false(existsSync(path));
  lock.release();
  t.true(existsSync(`${path}.lock`));
});

test("a file of an earlier program is read: it has no first line of its own, and may lack the place", async (t) => {
  const path = fileOf(t);
  writeFileSync(path, '{"revision":7,"generation":{"number":3,"write":"w"}}\n');
  const history = await open(t, path);
  t.throws(() => history.check({ number: 2, write: "w" }), { code: "ERR_ETCD_HISTORY" });
});

test("a file that is damaged at any byte is refused by name, and stays as it is", async (t) => {
  const path = fileOf(t);
  const file = new StateFile(path, HISTORY);
  await file.save(WHOLE);
  const { size } = statSync(path);
  // The last byte is a line break, which a file may lack.
  t.true((await refusesDamage(t, path, () => file.load())) >= 3 * size - 3);
});

test("a history of every other shape is refused, with what is wrong", (t) => {
  const shapes: [content: unknown, reason: RegExp][] = [
    ...[5, null, "a", [], [null]].map((content): [unknown, RegExp] => [content, /content: .*expected object/]),
    [{}, /revision: /],
    ...["7", null, -1, 0.5].map((revision): [unknown, RegExp] => [{ revision }, /revision: /]),
    [{ ...WHOLE, cluster: 5 }, /cluster: /],
    [{ ...WHOLE, place: "edge1" }, /place: /],
    [{ ...WHOLE, place: { host: "edge1" } }, /place\.prefix: /],
    [{ ...WHOLE, generation: null }, /generation: /],
    [{ ...WHOLE, generation: { number: "3", write: "w" } }, /generation\.number: /],
    [{ ...WHOLE, generation: { number: 3 } }, /generation\.write: /],
  ];
  for (const [content, reason] of shapes) {
    const error = t.throws<PuntError>(() => parseState(JSON.stringify(content), "/s/etcd.json", HISTORY));
    t.like(error, { op: "cluster.start", code: "ERR_STORE_DAMAGED", details: { path: "/s/etcd.json" } });
    t.regex(error.message, /\/s\/etcd\.json is damaged: .*: remove it if etcd was never restored/);
    t.regex(error.message, reason, JSON.stringify(content));
  }
});

test("a daemon whose history is damaged is not opened, and its file stays", async (t) => {
  const path = fileOf(t);
  for (const text of ["", "{", '{"revision":']) {
    writeFileSync(path, text);
    await t.throwsAsync(open(t, path), { code: "ERR_STORE_DAMAGED", message: /etcd\.json is damaged: it is not JSON/ });
    t.is(readFileSync(path, "utf8"), text);
  }
});
