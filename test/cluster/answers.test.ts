// A daemon's answers, on an etcd that does not take them at first.
import test from "ava";
import { Answers } from "../../lib/cluster/answers.js";
import type { Condition, Etcd, Mirror, Write } from "../../lib/cluster/etcd/index.js";
import { Keys } from "../../lib/cluster/keys.js";
import type { Leadership } from "../../lib/cluster/leadership.js";
import { messageText, messageWrites, parseHead } from "../../lib/cluster/question.js";
import { PuntError } from "../../lib/errors.js";
import type { PuntId, Punts } from "../../lib/punt/index.js";
import { Gate } from "../support/gate.js";
import { until } from "../support/until.js";

const keys = new Keys("/vpp-punt/", "h1");
const QUESTION = keys.key("ask", "1");
const ANSWER = keys.key("answer", "1");

/** An etcd with one question, which is also its own copy. It fails each write of `failures` in turn. */
class Store {
  readonly values = new Map<string, string>();
  /** The CNFs whose punts were deleted. */
  readonly deleted: string[] = [];
  readonly #failures: PuntError[];
  /** When each key was made. */
  readonly #created = new Map<string, number>();

  constructor(failures: readonly PuntError[]) {
    this.#failures = [...failures];
    this.ask("1", "dns");
  }

  ask(id: string, cnf: string): void {
    const question = JSON.stringify({ call: "delete", id: { cnf } });
    this.#make(messageWrites(keys.key("ask", id), question, { by: "an operator" }, "7"));
  }

  get(key: string) {
    const value = this.values.get(key);
    return value === undefined ? undefined : { key, value };
  }

  below(prefix: string) {
    const found = [...this.values].filter(([key]) => key.startsWith(prefix)).sort();
    return found.map(([key, value]) => ({ key, value, created: this.#created.get(key)! }));
  }

  async write(_conditions: readonly Condition[], writes: readonly Write[]): Promise<number> {
    const failure = this.#failures.shift();
    if (failure) throw failure;
    this.#make(writes);
    return 1;
  }

  #make(writes: readonly Write[]): void {
    for (const { key, value } of writes)
      if (value === undefined) this.values.delete(key);
      else {
        this.values.set(key, value);
        this.#created.set(key, this.#created.get(key) ?? this.#created.size);
      }
  }
}

function start(failures: readonly PuntError[], isGood = true, written = async () => {}) {
  const store = new Store(failures);
  const problems: string[] = [];
  const punts = { delete: async ({ cnf }: PuntId) => void store.deleted.push(cnf) } as unknown as Punts;
  const leadership = { condition: { key: keys.leader, created: 1 }, isGood };
  const answers = new Answers({
    etcd: store as unknown as Etcd,
    mirror: store as unknown as Mirror,
    ...{ keys, by: { changes: punts, punts } },
    leadership: leadership as Leadership,
    as: (_by, change) => change(),
    asked: () => {},
    written,
    problem: ({ code }) => void problems.push(code),
  });
  answers.lookAtAll();
  return { store, problems, answers, leadership };
}

const away = new PuntError("cluster.etcd", "ERR_ETCD_AWAY", "etcd does not answer", { outcome: "unknown" });

test("questions that wait when a term begins are answered in the order in which they were asked", async (t) => {
  const { store, answers } = start([]);
  await until(() => store.get(QUESTION) === undefined);
  for (const [id, cnf] of ["c", "a", "b"].map((name) => [name, `cnf-${name}`] as const)) store.ask(id, cnf);
  answers.lookAtAll();
  await until(() => store.deleted.length === 4);
  t.deepEqual(store.deleted, ["dns", "cnf-c", "cnf-a", "cnf-b"]);
});

test("an answer that etcd does not take is written again, and its question is not asked again", async (t) => {
  const { store, problems } = start([away, away, away]);
  await until(() => store.get(QUESTION) === undefined);
  const head = parseHead(ANSWER, store.get(ANSWER)!.value);
  t.is(
    messageText(ANSWER, head, (key) => store.get(key)?.value),
    "{}",
  );
  t.deepEqual(problems, ["ERR_ETCD_AWAY", "ERR_ETCD_AWAY", "ERR_ETCD_AWAY"]);
  t.is(store.deleted.length, 1);
});

test("a daemon that ends writes the answers to finished questions, and takes no more", async (t) => {
  const gate = new Gate();
  const { store, answers } = start([], true, () => gate.pass());
  await gate.arrived;
  const closing = answers.close();
  store.ask("2", "later");
  answers.lookAtAll();
  gate.open();
  await closing;
  t.is(store.get(QUESTION), undefined);
  t.truthy(store.get(ANSWER));
  t.deepEqual(store.deleted, ["dns"]);
});

test("an answer whose asker is gone is not written again", async (t) => {
  const gone = new PuntError("cluster.etcd", "ERR_ETCD", "5 NOT_FOUND: etcdserver: requested lease not found");
  const { store, problems } = start([gone]);
  await until(() => problems.length > 0);
  t.deepEqual(problems, ["ERR_ETCD"]);
  t.is(store.get(ANSWER), undefined);
});

test("a daemon whose lease may be over asks nothing: another one may have answered, and the change would be made again", async (t) => {
  const { store, answers, leadership } = start([], false);
  await new Promise((resolve) => setTimeout(resolve, 5));
  t.is(store.deleted.length, 0);
  leadership.isGood = true;
  answers.lookAtAll();
  await until(() => store.get(QUESTION) === undefined);
  t.is(store.deleted.length, 1);
});
