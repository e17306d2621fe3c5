// The file of sessions: its content, and what a daemon does about a damaged one.
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { OfPunt } from "../../lib/cluster/index.js";
import { keptIn } from "../../lib/cluster/records.js";
import { Daemon } from "../../lib/daemon/index.js";
import {
  LONGEST_GRACE_MS,
  SESSIONS,
  type StoredSession,
  sessionFile,
  sessionsInEtcd,
} from "../../lib/daemon/session-memory.js";
import { PuntError } from "../../lib/errors.js";
import { parseState } from "../../lib/files/index.js";
import { refusesDamage } from "../support/damage.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const PUNT = { cnf: "a", key: "b", label: "c" };
const SESSION: StoredSession = { id: "1", cnf: "a", graceMs: 5, punts: [PUNT] };

const fileOf = (t: ExecutionContext) => join(socketFolder(t), "sessions.json");

test("a file of sessions is its user's, and need not be there", async (t) => {
  const path = fileOf(t);
  const memory = sessionFile(path);
  t.is(await memory.load(), undefined);
  for (const sessions of [[SESSION], []]) {
    await memory.save(sessions);
    t.deepEqual(await memory.load(), sessions);
  }
  t.is(statSync(path).mode & 0o777, 0o600);
  t.false(existsSync(`${path}.new`));
});

test("a file of an earlier program, without a first line of its own, is read", async (t) => {
  const path = fileOf(t);
  writeFileSync(path, JSON.stringify([SESSION]));
  t.deepEqual(await sessionFile(path).load(), [SESSION]);
});

test("a file that is damaged at any byte is refused by name, and stays as it is", async (t) => {
  const path = fileOf(t);
  await sessionFile(path).save([SESSION, { ...SESSION, id: "2", punts: [] }]);
  const { size } = statSync(path);
  // The last byte is a line break, which a file may lack. A bit of it is 0 already.
  t.true((await refusesDamage(t, path, () => sessionFile(path).load())) >= 3 * size - 3);
});

const SHAPES: [content: unknown, reason: RegExp][] = [
  ...[{}, 5, null, "a", true].map((content): [unknown, RegExp] => [content, /content: .*expected array/]),
  [[null], /0: .*expected object/],
  [[SESSION, 7], /1: .*expected object/],
  [[{ id: "1", cnf: "a", graceMs: 5 }], /0\.punts: .*expected array/],
  [[{ ...SESSION, punts: {} }], /0\.punts: /],
  [[{ ...SESSION, punts: [null] }], /0\.punts\.0: .*expected object/],
  [[{ ...SESSION, punts: [{ cnf: "a", key: "b" }] }], /0\.punts\.0\.label: /],
  [[{ ...SESSION, punts: [{ ...PUNT, key: 5 }] }], /0\.punts\.0\.key: /],
  [[{ ...SESSION, punts: [{ ...PUNT, cnf: "other" }] }], /a punt of another CNF/],
  [[{ ...SESSION, punts: [PUNT, PUNT] }], /a punt is of two sessions/],
  [[SESSION, { ...SESSION, id: "2" }], /a punt is of two sessions/],
  [[SESSION, { ...SESSION, punts: [] }], /two sessions have one id/],
  ...["x", null, -1, 0.5, LONGEST_GRACE_MS + 1].map((graceMs): [unknown, RegExp] => [
    [{ ...SESSION, graceMs }],
    /0\.graceMs: /,
  ]),
  [[{ ...SESSION, id: "" }], /0\.id: /],
  [[{ ...SESSION, cnf: undefined }], /0\.cnf: /],
];

test("sessions of every other shape are refused, with what is wrong", (t) => {
  for (const [content, reason] of SHAPES) {
    const error = t.throws<PuntError>(() => parseState(JSON.stringify(content), "/s/sessions.json", SESSIONS));
    t.like(error, { op: "daemon.start", code: "ERR_STORE_DAMAGED", details: { path: "/s/sessions.json" } });
    t.regex(error.message, /^daemon\.start: \/s\/sessions\.json is damaged: .*; the file was left alone: remove it to/);
    t.regex(error.message, reason, JSON.stringify(content));
  }
});

test("a file of another kind or of a later version is refused", async (t) => {
  const path = fileOf(t);
  await sessionFile(path).save([SESSION]);
  const [head = "", body] = readFileSync(path, "utf8").split("\n");
  const load = (more: object) => {
    writeFileSync(path, `${JSON.stringify({ ...JSON.parse(head), ...more })}\n${body}\n`);
    return sessionFile(path).load();
  };
  await t.throwsAsync(load({ format: "vpp-punt" }), {
    code: "ERR_STORE_DAMAGED",
    message: /first line.*"vpp-punt sessions"/,
  });
  const later = { code: "ERR_STORE_VERSION", message: `daemon.start: ${path} has version 2; this program reads 1` };
  await t.throwsAsync(load({ version: 2 }), later);
  await t.throwsAsync(load({ sha256: "" }), { code: "ERR_STORE_DAMAGED", message: /its checksum is wrong/ });
});

test("a file that cannot be read is refused with Linux's code", async (t) => {
  const path = fileOf(t);
  await t.throwsAsync(sessionFile(join(path, "..")).load(), { code: "EISDIR", message: /cannot read/ });
  await t.throwsAsync(sessionFile(join(path, "..")).save([]), { message: /cannot write/ });
  await t.throwsAsync(sessionFile("/dev/zero").load(), { code: "EINVAL" });
});

/** The descriptors of this process that lead to the file. */
function descriptorsOf(path: string): string[] {
  const linkOf = (name: string) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return "";
    }
  };
  return readdirSync("/proc/self/fd").filter((name) => linkOf(name) === path);
}

test("a daemon that does not start, or has ended, lets go of its audit log", async (t) => {
  const path = fileOf(t);
  const folder = join(path, "..");
  const [audit, vppSocket] = [join(folder, "audit.log"), join(folder, "api.sock")];
  writeFileSync(path, "{");
  const options = { state: folder, audit, vppSocket, socket: join(folder, "manager.sock") };
  await t.throwsAsync(Daemon.start(options), { code: "ERR_STORE_DAMAGED" });
  t.deepEqual(descriptorsOf(audit), []);
  rmSync(path);
  const daemon = await Daemon.start(options);
  t.is(descriptorsOf(audit).length, 1);
  await daemon.close();
  t.deepEqual(descriptorsOf(audit), []);
});

test("a daemon whose file of sessions is damaged does not start, and leaves everything as it is", async (t) => {
  const path = fileOf(t);
  const folder = join(path, "..");
  const options = { state: folder, socket: join(folder, "manager.sock"), vppSocket: join(folder, "api.sock") };
  for (const text of ["", "{}", "[null]", "[{"]) {
    writeFileSync(path, text);
    const error = await t.throwsAsync<PuntError>(Daemon.start(options), { instanceOf: PuntError });
    t.like(error, { op: "daemon.start", code: "ERR_STORE_DAMAGED", details: { path } });
    t.is(readFileSync(path, "utf8"), text);
  }
  rmSync(path);
  // Nothing of the attempts holds the store or the sockets.
  const daemon = await Daemon.start(options);
  await daemon.close();
  t.pass();
});

test("sessions in etcd have the same check, and the error names the key", async (t) => {
  let earlier: string | undefined;
  let bound: readonly OfPunt<string>[] = [];
  const memory = sessionsInEtcd({
    recall: async (name, shape) =>
      earlier === undefined ? undefined : keptIn({ key: `/p/${name}`, value: earlier }, shape),
    recallOfPunts: async (name, shape) =>
      bound.map(([id, value]) => [id, keptIn({ key: `/p/${name}/${id.cnf}`, value }, shape)]),
    keepOfPunts: async (_name, values) => {
      bound = values.map(([id, value]) => [id, JSON.stringify(value)]);
    },
  });
  t.deepEqual(await memory.load(), []);
  await memory.save([SESSION]);
  t.deepEqual(await memory.load(), [SESSION]);
  for (const text of ["", "{", "5", "{}", ...SHAPES.map(([content]) => JSON.stringify(content))]) {
    earlier = text;
    const error = await t.throwsAsync<PuntError>(memory.load(), {
      code: "ERR_ETCD_CONTENT",
      message: /\/p\/sessions in etcd/,
    });
    t.like(error, { details: { key: "/p/sessions" } });
  }
  earlier = undefined;
  const [[id]] = bound as [OfPunt<string>];
  for (const text of ["", "{}", "[]", '{"session":"","graceMs":1}', '{"session":"1","graceMs":-1}']) {
    bound = [[id, text]];
    const error = await t.throwsAsync<PuntError>(memory.load(), { code: "ERR_ETCD_CONTENT" });
    t.like(error, { details: { key: `/p/bound/${id.cnf}` } });
  }
  const value = JSON.stringify({ session: "1", graceMs: 1 });
  bound = [
    [id, value],
    [{ ...id, cnf: "another" }, value],
  ];
  await t.throwsAsync(memory.load(), { code: "ERR_ETCD_CONTENT", message: /punts of the CNFs .* and another/ });
});
