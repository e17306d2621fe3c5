// Costs that must not grow with the number of punts: calls of a file, looks at interfaces, names in texts, deletions of a session.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { PuntNames } from "../../lib/daemon/service/index.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { InterfaceTable } from "../../lib/vpp/index.js";
import { cli } from "../support/cli/command.js";
import { daemonTest } from "../support/daemon/daemon.js";
import { until } from "../support/until.js";

test("a file of many punts is one call of the daemon; a punt that is refused leaves the others", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-costs-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const audit = join(folder, "audit.log");
  const { socket, connect } = await daemonTest(t, { audit });
  const operator = await connect();
  const punts = Array.from({ length: 40 }, (_, index) => spanOf(`cnf${index}`, `eth${index % 2}`));
  // A daemon writes its log beside its answers, and in their order.
  let marks = 0;
  const logged = async () => {
    await operator.get({ cnf: `mark-${++marks}` });
    await until(async () => (await readFile(audit, "utf8")).includes(`"mark-${marks}"`));
    return (await calls(audit)).slice(0, -1);
  };
  const apply = async (list: readonly object[]) => {
    const before = (await logged()).length;
    const file = `${folder}/punts.json`;
    await writeFile(file, JSON.stringify({ punts: list }));
    const { stdout, stderr } = await cli(["apply", "--prune", "--socket", socket, file]);
    return { last: stdout.trim().split("\n").at(-1), stderr, made: (await logged()).slice(before + 1) };
  };
  const whole = await apply(punts);
  t.is(whole.last, "40 added, 0 updated, 0 unchanged, 0 deleted, 0 failed");
  t.is(whole.made.filter((call) => call === "Apply").length, 1);
  t.true(whole.made.length <= 5, whole.made.join(" "));
  const rivals = ["a", "b"].map((cnf) => ({ ...spanOf(cnf, "eth2"), type: "HAIRPIN_XCONNECT" }));
  const pair = rivals.map(({ vppInterface, ...rest }, index) => {
    return { ...rest, vppInterface1: vppInterface, vppInterface2: `other${index}` };
  });
  const refused = await apply([...punts, ...pair]);
  t.is(refused.last, "1 added, 0 updated, 40 unchanged, 0 deleted, 1 failed", refused.stderr);
  t.true(refused.made.length < 20, refused.made.join(" "));
  const none = await apply([]);
  t.is(none.last, "0 added, 0 updated, 0 unchanged, 41 deleted, 0 failed");
  t.is(none.made.filter((call) => call === "Delete").length, 0);
});

test("names of hidden punts leave a text, the longest first; parts of words and the caller's own stay", (t) => {
  const names = new PuntNames();
  const punt = (cnf: string, key = "", label = "") => ({ cnf, key, label });
  for (const id of [punt("dns"), punt("dns", "a"), punt("dns", "a", "b"), punt("own", "a"), punt("x.y", "k k")])
    names.add(id);
  const shown = (text: string) => names.hide(text, (cnf) => cnf !== "own", "ANOTHER");
  t.is(shown("punt own/a and punt dns/a/b both want dns"), "punt own/a and ANOTHER both want ANOTHER");
  t.is(shown("punt dns/a. dnsmasq, dns/ab and punt x.y/k k"), "ANOTHER. dnsmasq, ANOTHER/ab and ANOTHER");
  names.take({ id: punt("dns", "a"), from: "CREATED", to: "DELETED" });
  t.is(shown("punt dns/a"), "ANOTHER/a");
  names.take({ id: punt("dns"), from: "CREATED", to: "DELETED" });
  t.is(shown("punt dns and dns/a/b"), "punt dns and ANOTHER");
});

test("the punts of a session that ends are deleted all at once", async (t) => {
  let begun = 0;
  let release = () => {};
  const all = new Promise<void>((resolve) => {
    release = resolve;
  });
  const sessions = new Sessions({
    memory: undefined,
    delete: () => {
      if (++begun === 5) release();
      return all;
    },
    problem: (error) => t.fail(String(error)),
  });
  // The end of a session keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  t.teardown(() => clearInterval(alive));
  const { id, close, ended } = sessions.open("a", 0, "");
  ended.catch(() => {});
  for (let key = 0; key < 5; key++) sessions.bind(id, { cnf: "a", key: `${key}`, label: "" });
  close();
  await all;
  await sessions.close();
  t.is(begun, 5);
});

test("reading the table of interfaces takes only a part of the time, however many events arrive", async (t) => {
  const READING_MS = 40;
  let readings = 0;
  let events = 0;
  const source = {
    isConnected: true,
    on: () => {},
    off: () => {},
    dumpAll: async () => {
      readings++;
      await sleep(READING_MS);
      return [];
    },
    subscribe: async () => ({
      close: () => {},
      async *[Symbol.asyncIterator]() {
        for (; events < 100; events++) {
          await sleep(10);
          yield {};
        }
      },
    }),
  };
  const begin = performance.now();
  const table = new InterfaceTable(source);
  t.teardown(() => table.close());
  while (events < 100) await sleep(20);
  // At most one reading in each five times its own duration; without the pause, one in each 60 ms.
  const most = 2 + (performance.now() - begin) / (4 * READING_MS);
  t.true(readings >= 2 && readings <= most, `${readings} readings`);
});

test("all who ask for VPP's interfaces during a reading share the next one, also if the first one fails", async (t) => {
  const readings: { done(): void; fail(): void }[] = [];
  const source = {
    isConnected: false,
    on: () => {},
    off: () => {},
    dumpAll: () =>
      new Promise<[]>((resolve, reject) => {
        readings.push({ done: () => resolve([]), fail: () => reject(new Error("gone")) });
      }),
    subscribe: () => Promise.reject(new Error("none")),
  };
  const table = new InterfaceTable(source);
  t.teardown(() => table.close());
  source.isConnected = true;
  const first = table.refresh();
  const others = Array.from({ length: 100 }, () => table.refresh());
  t.is(readings.length, 1, "who asks late may not get what was read before");
  readings[0]!.fail();
  await t.throwsAsync(first, { message: "gone" });
  while (readings.length < 2) await sleep(1);
  const last = table.refresh();
  readings[1]!.done();
  await Promise.all(others);
  while (readings.length < 3) await sleep(1);
  readings[2]!.done();
  await last;
  t.is(readings.length, 3);
});

test("VPP's interfaces have one subscription, also where VPP comes back during the request for it", async (t) => {
  const connected: (() => void)[] = [];
  const subscriptions: (() => void)[] = [];
  let open = 0;
  const source = {
    isConnected: true,
    on: (event: string, listener: () => void) => void (event === "connected" && connected.push(listener)),
    off: () => {},
    dumpAll: () => Promise.resolve([]),
    subscribe: () =>
      new Promise<AsyncIterable<unknown> & { close(): void }>((resolve) => {
        open++;
        const over = new Promise<IteratorResult<unknown>>((end) =>
          subscriptions.push(() => {
            open--;
            end({ done: true, value: undefined });
          }),
        );
        const close = subscriptions.at(-1)!;
        setTimeout(() => resolve({ close, [Symbol.asyncIterator]: () => ({ next: () => over }) }), 20);
      }),
  };
  const table = new InterfaceTable(source);
  await sleep(5);
  connected[0]!();
  await sleep(60);
  t.is(open, 1);
  table.close();
  t.is(open, 0);
});

function spanOf(cnf: string, vppInterface: string) {
  return { cnf, type: "SPAN", interconnect: "MEMIF", vppInterface };
}

async function calls(audit: string): Promise<string[]> {
  const text = await readFile(audit, "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line).call as string]));
}
