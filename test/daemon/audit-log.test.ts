// The audit log on a disk that is full for a while: whole lines, none lost that has room, and an end.
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { type AuditEntry, AuditLog } from "../../lib/daemon/audit.js";
import { PuntError } from "../../lib/errors.js";
import { need } from "../support/need.js";

const library = fileURLToPath(new URL("../../lib/daemon/audit.js", import.meta.url));

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-audit-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

const entry = (number: number): AuditEntry => ({ caller: "root", call: `${number}`, decision: "allowed" });

function callsIn(text: string): string[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).call);
}

test("a log that cannot be written says so once, and its end does not wait", async (t) => {
  const problems: unknown[] = [];
  const log = await AuditLog.open("/dev/full", (error) => problems.push(error));
  for (let number = 0; number < 20; number++) {
    log.write(entry(number));
    await sleep(1);
  }
  await log.close();
  t.deepEqual(problems.map(String), ["PuntError: daemon.audit: cannot write /dev/full"]);
  t.like(problems[0], { code: "ENOSPC", details: { path: "/dev/full" } });
});

test("a log that is moved away is opened by its name again, and no entry is lost", async (t) => {
  const folder = folderOf(t);
  const path = join(folder, "audit.log");
  const log = await AuditLog.open(path, (error) => t.fail(String(error)));
  for (let number = 0; number < 100; number++) {
    log.write(entry(number));
    if (number % 10 !== 5) continue;
    renameSync(path, `${path}.${number}`);
    log.reopen();
    while (!existsSync(path)) await sleep(1);
  }
  await log.close();
  log.write(entry(1000));
  const names = [...Array(10).keys()].map((index) => `${path}.${10 * index + 5}`);
  const texts = [...names, path].map((name) => readFileSync(name, "utf8"));
  t.deepEqual(callsIn(texts.join("")), [...Array(100).keys()].map(String));
});

test("a line has a thousand punts at most, and how many more there are, and a message that a caller cannot make long", async (t) => {
  const path = join(folderOf(t), "audit.log");
  const log = await AuditLog.open(path, (error) => t.fail(String(error)));
  const punts = Array.from({ length: 1_002 }, (_, index) => ({ cnf: `c${index}`, key: "", label: "" }));
  log.write({ ...entry(1), punts, message: "x".repeat(100_000) });
  log.write({ ...entry(2), punts: punts.slice(0, 1_000), message: "short" });
  await log.close();
  const [long, short] = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.deepEqual([long.punts.length, long.morePunts, long.message.length], [1_000, 2, 4_000]);
  t.deepEqual([short.punts.length, short.morePunts, short.message], [1_000, undefined, "short"]);
});

need("root", "unshare").test("after a full disk the log goes on with whole lines, and lacks no entry", (t) => {
  const folder = folderOf(t);
  const code = `
    const { AuditLog } = await import(${JSON.stringify(library)});
    const fs = await import("node:fs");
    const disk = ${JSON.stringify(join(folder, "disk"))};
    const problems = [];
    const log = await AuditLog.open(disk + "/audit.log", (error) => problems.push(error.code));
    const tick = () => new Promise((resolve) => setTimeout(resolve, 5));
    const write = (number) => log.write({ caller: "root", call: String(number), decision: "allowed", message: "x".repeat(500) });
    const ballast = disk + "/ballast";
    try { fs.writeFileSync(ballast, Buffer.alloc(1 << 20)); } catch {}
    fs.truncateSync(ballast, 32 << 10);
    for (let number = 0; number < 300; number++) { write(number); if (number % 10 === 0) await tick(); }
    const written = () => fs.readFileSync(disk + "/audit.log", "utf8");
    // The begin of a line that has no room is there for a moment.
    while (problems.length === 0 || !written().endsWith("\\n")) await tick();
    const whileFull = written();
    fs.rmSync(ballast);
    for (let number = 300; number < 310; number++) write(number);
    await log.close();
    const after = fs.readFileSync(disk + "/audit.log", "utf8");
    fs.writeFileSync(${JSON.stringify(join(folder, "out"))}, JSON.stringify({ whileFull, after, problems }));`;
  const script =
    'mkdir "$1/disk" && mount -t tmpfs -o size=200k none "$1/disk" && exec "$2" --input-type=module -e "$3"';
  const args = ["--mount", "sh", "-c", script, "sh", folder, process.execPath, code];
  const { status, stderr } = spawnSync("unshare", args, { encoding: "utf8", timeout: 60_000 });
  t.is(status, 0, stderr);
  const { whileFull, after, problems } = JSON.parse(readFileSync(join(folder, "out"), "utf8"));
  t.deepEqual(problems, ["ENOSPC"]);
  const all = [...Array(310).keys()].map(String);
  const before = callsIn(whileFull);
  t.true(before.length > 0 && before.length < 300, String(before.length));
  t.deepEqual(before, all.slice(0, before.length));
  t.deepEqual(callsIn(after), all);
});

test("a log without a file, or a closed log, is neither written nor opened again", async (t) => {
  const fail = (error: unknown) => t.fail(String(error));
  const none = await AuditLog.open(undefined, fail);
  none.write(entry(1));
  none.reopen();
  await none.close();
  const path = join(folderOf(t), "audit.log");
  const log = await AuditLog.open(path, fail);
  log.write(entry(1));
  await log.close();
  t.deepEqual(callsIn(readFileSync(path, "utf8")), ["1"]);
  rmSync(path);
  log.reopen();
  log.write(entry(2));
  await log.close();
  t.false(existsSync(path));
  const refused = await t.throwsAsync(AuditLog.open(join(path, "no", "log"), fail), { instanceOf: PuntError });
  t.like(refused, { op: "daemon.audit", code: "ENOENT", message: `daemon.audit: cannot write ${path}/no/log` });
});

test("ten thousand entries wait for the disk; beyond that, the oldest are dropped and counted", async (t) => {
  const folder = folderOf(t);
  const written = async (name: string, count: number) => {
    const path = join(folder, name);
    const log = await AuditLog.open(path, (error) => t.fail(String(error)));
    // All in one turn: the first write has not begun.
    for (let number = 0; number < count; number++) log.write(entry(number));
    await log.close();
    return readFileSync(path, "utf8");
  };
  const all = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `${from + index}`);
  t.deepEqual(callsIn(await written("full", 10_000)), all(0, 10_000));
  const text = await written("more", 10_003);
  t.deepEqual(callsIn(text), ["Audit", ...all(3, 10_003)]);
  const { time: _, ...loss } = JSON.parse(text.split("\n")[0]!);
  t.deepEqual(loss, {
    ...{ caller: "the daemon", call: "Audit", decision: "failed" },
    message: "3 entries before this one are lost: the file could not be written",
  });
});

/** Reads what is in a pipe now; "" where nothing is. */
function taken(reader: number): string {
  const bytes = Buffer.alloc(65_536);
  try {
    return bytes.toString("latin1", 0, readSync(reader, bytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "";
    throw error;
  }
}

/** A pipe in place of the log, which the test reads. */
function pipeOf(t: ExecutionContext) {
  const path = join(folderOf(t), "pipe");
  execFileSync("mkfifo", [path]);
  return { path, open: () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) };
}

test("a line that a pipe has taken in part is ended before the next one, as it cannot be removed", async (t) => {
  const { path, open } = pipeOf(t);
  const first = open();
  const problems: unknown[] = [];
  const log = await AuditLog.open(path, (error) => problems.push((error as NodeJS.ErrnoException).code));
  // More than a pipe holds.
  log.write({ ...entry(0), objections: ["x".repeat(300_000)] });
  while (taken(first) === "") await sleep(1);
  closeSync(first);
  while (problems.length === 0) await sleep(1);
  const second = open();
  log.write(entry(1));
  let text = "";
  while (!text.endsWith("}\n")) {
    text += taken(second);
    await sleep(1);
  }
  await log.close();
  closeSync(second);
  t.deepEqual(problems, ["EPIPE"]);
  // The first line is the rest of the cut one, and empty if the first reader has had all of that.
  const [, ...lines] = text.split("\n");
  t.deepEqual(callsIn(lines.join("\n")), ["0", "1"]);
});

/** A log of one entry whose folder is then moved away, and the numbers of its entries in the folder that `make` makes in its place. */
async function logWithoutFolder(t: ExecutionContext) {
  const folder = join(folderOf(t), "log");
  const path = join(folder, "audit.log");
  mkdirSync(folder);
  const problems: unknown[] = [];
  const log = await AuditLog.open(path, (error) => problems.push((error as NodeJS.ErrnoException).code));
  let moves = 0;
  const move = async () => {
    renameSync(folder, `${folder}.${moves++}`);
    log.reopen();
    while (problems.length < moves) await sleep(1);
  };
  await move();
  const written = () => {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    return text === "" ? [] : callsIn(text);
  };
  return { log, problems, move, make: () => mkdirSync(folder), written };
}

test("a log whose folder is away is written once the folder is there, and says so when it is away again", async (t) => {
  const { log, problems, move, make, written } = await logWithoutFolder(t);
  log.write(entry(1));
  await sleep(5);
  make();
  // The timer of the next try keeps no program alive.
  while (written().length === 0) await sleep(10);
  t.deepEqual([written(), problems], [["1"], ["ENOENT"]]);
  await move();
  t.deepEqual(problems, ["ENOENT", "ENOENT"]);
  await log.close();
});

test("a log that ends writes what waits if it can, and is not opened afterwards", async (t) => {
  const late = await logWithoutFolder(t);
  late.log.write(entry(1));
  await sleep(5);
  late.make();
  await late.log.close();
  t.deepEqual(late.written(), ["1"]);
  const never = await logWithoutFolder(t);
  never.log.write(entry(1));
  await never.log.close();
  never.make();
  // The next try would come after a second.
  await sleep(1_200);
  t.deepEqual(never.written(), []);
});

test("entries that arrive during a failing write wait too, and entries without room are counted", async (t) => {
  const { path, open } = pipeOf(t);
  const first = open();
  const problems: unknown[] = [];
  const log = await AuditLog.open(path, (error) => problems.push(error));
  for (let number = 0; number < 10_000; number++) log.write(entry(number));
  let text = "";
  while (text === "") {
    text = taken(first);
    await sleep(1);
  }
  // The write has begun, and ends once the pipe has no reader.
  for (let number = 10_000; number < 13_000; number++) log.write(entry(number));
  closeSync(first);
  while (problems.length === 0) await sleep(1);
  const second = open();
  log.write(entry(13_000));
  while (!/"call":"13000",.*\n$/.test(text.slice(-200))) {
    text += taken(second);
    await sleep(1);
  }
  await log.close();
  closeSync(second);
  const lines = text.split("\n");
  const [, ...calls] = callsIn(lines.slice(lines.findIndex((line) => line.includes('"Audit"'))).join("\n"));
  t.is(calls.length, 10_000);
  t.deepEqual([calls[0], calls.at(-1)], ["3001", "13000"]);
});
