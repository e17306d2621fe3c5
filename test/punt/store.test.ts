// The file store: crashes, damaged files, versions and shared writes.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { parseRequest } from "../../lib/punt/index.js";
import { loaded } from "../../lib/punt/store/custom.js";
import { FileStore, type StoredState } from "../../lib/punt/store/index.js";
import { Saver } from "../../lib/punt/store/saver.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const state = (claims: Record<string, string>): StoredState => ({
  punts: [],
  interconnects: [],
  namespaces: [],
  claims,
  notes: {},
});

async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-store-"));
  try {
    await work(join(folder, "state.json"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("the next store reads the saved state", (t) =>
  inFolder(async (path) => {
    t.is(await new FileStore(path).load(), undefined);
    const store = new FileStore(path);
    await store.save(state({ a: "1" }));
    await store.save(state({ a: "2" }));
    t.deepEqual(await new FileStore(path).load(), state({ a: "2" }));
    t.is((await stat(path)).mode & 0o777, 0o600);
  }));

const damages: [string, (text: string) => string, string][] = [
  ["cut short", (text) => text.slice(0, text.length - 10), "ERR_STORE_DAMAGED"],
  ["altered", (text) => text.replace('"2"', '"3"'), "ERR_STORE_DAMAGED"],
  ["emptied", () => "", "ERR_STORE_DAMAGED"],
  ["of a later version", (text) => text.replace('"version":2', '"version":3'), "ERR_STORE_VERSION"],
];
for (const [title, damage, code] of damages) {
  test(`a file that is ${title} is reported with its backup, and stays as it is`, (t) =>
    inFolder(async (path) => {
      const store = new FileStore(path);
      await store.save(state({ a: "1" }));
      await store.save(state({ a: "2" }));
      const damaged = damage(await readFile(path, "utf8"));
      await writeFile(path, damaged);
      const error = await t.throwsAsync(new FileStore(path).load(), { instanceOf: PuntError });
      t.is(error.code, code);
      t.is(error.details.backup, `${path}.backup`);
      t.true(error.message.includes(path));
      t.is(await readFile(path, "utf8"), damaged);
      t.deepEqual(await new FileStore(`${path}.backup`).load(), state({ a: "1" }));
    }));
}

test("a store of version 1 is read, and the next save has the notes", (t) =>
  inFolder(async (path) => {
    const body = JSON.stringify({ punts: [], interconnects: [], namespaces: [], claims: { a: "1" } });
    const sha256 = createHash("sha256").update(body).digest("hex");
    await writeFile(path, `${JSON.stringify({ format: "vpp-punt", version: 1, sha256 })}\n${body}\n`);
    const store = new FileStore(path);
    t.deepEqual(await store.load(), state({ a: "1", "*": "" }));
    await store.save(state({ a: "2" }));
    t.true((await readFile(path, "utf8")).includes('"version":2'));
  }));

/** The state of a manager that took ABX rules with ports of SCTP, which are refused now. */
const EARLIER = "test/support/earlier/store.txt";

test("what an earlier version took is read as it is, although it is refused now", async (t) => {
  const { punts } = (await new FileStore(EARLIER).load())!;
  t.deepEqual(
    punts.map(({ type }) => type),
    ["SPAN", "ABX"],
  );
  t.like(punts[1], { ingressAclRules: [{ protocol: 132, destinationPort: { first: 80, last: 80 } }] });
  t.throws(() => parseRequest(punts[1]), { code: "ERR_INVALID_REQUEST", message: /not with SCTP/ });
});

/** Each would be carried out in part, or as something else. */
const later: Record<string, object> = {
  ...{ "a field": { rate: 5 }, "a type": { type: "ROPE" }, "a value": { direction: "sideways" } },
  ...{ "an interconnect": { interconnect: "ROPE" }, "a kind of namespace": { netns: { rope: "a" } } },
};
for (const [what, part] of Object.entries(later))
  test(`a request with ${what} of a later version is not read, and the store stays as it is`, (t) =>
    inFolder(async (path) => {
      const [, body] = (await readFile(EARLIER, "utf8")).split("\n");
      const stored = JSON.parse(body!) as StoredState & { punts: object[] };
      stored.punts[0] = { ...stored.punts[0], ...part };
      await new FileStore(path).save(stored);
      const before = await readFile(path);
      await t.throwsAsync(new FileStore(path).load(), { code: "ERR_STORE_VERSION", message: /punts\[0\]: / });
      t.deepEqual(await readFile(path), before);
      const own = { load: async () => stored, save: async () => {} };
      await t.throwsAsync(loaded(own), { code: "ERR_STORE_VERSION" });
    }));

const forms: [string, unknown][] = [
  ["no object", []],
  ["no list of punts", { ...state({}), punts: {} }],
  ["a punt without a type", { ...state({}), punts: [{ interconnect: "TAP", cnf: "a", key: "", label: "" }] }],
  ["an interconnect without a link", { ...state({}), interconnects: [{ vppSelector: "a", cnfSelector: "b" }] }],
  ["a namespace that is a text", { ...state({}), namespaces: ["/run/netns/a"] }],
  ["a claim that is a number", { ...state({}), claims: { a: 1 } }],
];
for (const [what, content] of forms) {
  test(`a store with ${what} is damaged, although its checksum is right`, (t) =>
    inFolder(async (path) => {
      const body = JSON.stringify(content);
      const sha256 = createHash("sha256").update(body).digest("hex");
      await writeFile(path, `${JSON.stringify({ format: "vpp-punt", version: 2, sha256 })}\n${body}\n`);
      await t.throwsAsync(new FileStore(path).load(), { code: "ERR_STORE_DAMAGED", message: /another form/ });
    }));
}

test("a pipe in the place of a store, of its backup or of its next state blocks no save", (t) =>
  inFolder(async (path) => {
    execFileSync("mkfifo", [path]);
    await t.throwsAsync(new FileStore(path).load(), { code: "EINVAL", message: /is not a file/ });
    await rm(path);
    const store = new FileStore(path);
    await store.save(state({ a: "1" }));
    for (const name of [`${path}.backup`, `${path}.new`]) execFileSync("mkfifo", [name]);
    await store.save(state({ a: "2" }));
    await store.save(state({ a: "3" }));
    t.deepEqual(await new FileStore(path).load(), state({ a: "3" }));
    t.deepEqual(await new FileStore(`${path}.backup`).load(), state({ a: "2" }));
  }));

test("a store below /proc is refused at once", async (t) => {
  const store = new FileStore("/proc/vpp-punt/store.json");
  await t.throwsAsync(store.open(), { code: "ENOENT" });
  await t.throwsAsync(store.save(state({})), { code: "ENOENT" });
});

test("changes that come during a write share the next one", async (t) => {
  const written: number[] = [];
  let version = 0;
  const release: (() => void)[] = [];
  const store = { load: async () => undefined, save: () => new Promise<void>((resolve) => release.push(resolve)) };
  const saver = new Saver(store, () => {
    written.push(version);
    return { state: state({}), committed() {}, failed() {} };
  });
  const first = saver.save();
  await new Promise(setImmediate);
  const others = [1, 2, 3].map((each) => {
    version = each;
    return saver.save();
  });
  release.shift()!();
  await first;
  await new Promise(setImmediate);
  t.deepEqual(written, [0, 3]);
  release.shift()!();
  await Promise.all(others);
});

test("a note of another form counts as none: the setting is applied again", async (t) => {
  const managed = await managedVpp();
  t.teardown(() => managed.close());
  const interconnect = "MEMIF";
  await managed.manager.add({ cnf: "a", type: "ISISX", interconnect, vppInterface: "if0" }, { waitFor: "CREATED" });
  const toHost = { af: "IPV4", protocol: "UDP", port: 53 } as const;
  await managed.manager.add({ cnf: "b", type: "PUNT_TO_SOCKET", toHost, socketPath: "/run/b" }, { waitFor: "CREATED" });
  await managed.manager.close();
  const saved = (await managed.store.load())!;
  const keys = Object.keys(saved.notes);
  t.true(keys.length >= 2, keys.join());
  const notes = Object.fromEntries(keys.map((key) => [key, { form: "of another version" }]));
  await managed.store.save({ ...saved, notes });
  const next = await managed.restartManager();
  await next.resync();
  t.deepEqual(
    next.list().map(({ state }) => state),
    ["CREATED", "CREATED"],
  );
  await next.close();
  t.deepEqual((await managed.store.load())!.notes, saved.notes);
});

test("a request that comes back from the store is the same: adding it again changes nothing", (t) =>
  inFolder(async (path) => {
    const request = { vppInterface: "if0", cnf: "a", type: "SPAN", interconnect: "MEMIF", key: "", label: "" };
    const store = new FileStore(path);
    const punts = [request] as unknown as StoredState["punts"];
    await store.save({ ...state({}), punts });
    const loaded = await new FileStore(path).load();
    t.is(JSON.stringify(loaded!.punts), JSON.stringify(punts));
  }));
