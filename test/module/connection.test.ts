// The errors of failed calls as a program gets them, and the pauses until a call is tried again.
import { getEventListeners } from "node:events";
import { syncBuiltinESMExports } from "node:module";
import timers, { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import test, { type ExecutionContext } from "ava";
import { PuntError } from "../../lib/errors.js";
import { Connection, isAway, isLost, Pauses } from "../../lib/module/remote/connection.js";
import { errorToWire } from "../../lib/wire/index.js";
import { settled } from "../support/module/life.js";

test.serial("pauses grow from 20 ms to 1 s, half of each at random, and begin again after a success", async (t) => {
  const { setTimeout: real } = timers;
  const { random } = Math;
  const replace = (wait: unknown, chance: () => number) => {
    timers.setTimeout = wait as typeof real;
    Math.random = chance;
    syncBuiltinESMExports();
  };
  t.teardown(() => replace(real, random));
  const waited: number[] = [];
  const signals: unknown[] = [];
  const chances = [0, 0.5];
  replace(
    async (ms: number, _value: unknown, { signal }: { signal: AbortSignal }) => {
      waited.push(ms);
      signals.push(signal);
    },
    () => chances.shift() ?? 1,
  );
  const pauses = new Pauses();
  const { signal } = new AbortController();
  for (let i = 0; i < 9; i++) await pauses.wait(signal);
  pauses.reset();
  await pauses.wait(signal);
  t.deepEqual(waited, [10, 30, 80, 160, 320, 640, 1000, 1000, 1000, 20]);
  t.true(signals.every((each) => each === signal));
});

test("a pause ends with its signal", async (t) => {
  const ending = new AbortController();
  const waiting = new Pauses().wait(ending.signal);
  ending.abort();
  await t.throwsAsync(waiting, { name: "AbortError" });
});

const PATH = "/run/test/manager.sock";
const pem = { cert: "", key: "", ca: "" };

function connection(t: ExecutionContext, tls = false): Connection {
  const opened = new Connection(tls ? { tls: { host: "127.0.0.1", port: 7, ...pem } } : { socket: PATH });
  t.teardown(() => opened.close());
  return opened;
}

const system = (fields: object) => Object.assign(new Error("the system says no"), fields);
const failed = (code: Code, cause?: object) => new ConnectError("failed", code, undefined, undefined, cause);
const answer = (code: string) => errorToWire(new PuntError("punt.apply", code, "the daemon says no"));

test("a daemon that cannot be reached is named with the system's reason", (t) => {
  for (const [tls, address] of [
    [false, PATH],
    [true, "127.0.0.1:7"],
  ] as const) {
    const errorOf = (error: unknown) => connection(t, tls).errorOf(error, "punt.list");
    const absent = system({ syscall: "connect", code: "ECONNREFUSED" });
    const unknown = system({ syscall: "getaddrinfo", code: "ENOTFOUND" });
    for (const cause of [absent, unknown]) {
      const found = errorOf(failed(Code.Internal, cause));
      t.like(found, { op: "punt.list", code: "ERR_DISCONNECTED", details: { address }, cause });
      t.is(found.message, `punt.list: no daemon answers at ${address}`);
    }
    const away = failed(Code.Unavailable);
    t.like(errorOf(away), { code: "ERR_DISCONNECTED", details: { address }, cause: away });
    const crowded = errorOf(failed(Code.Unavailable, system({ syscall: "connect", code: "EAGAIN" })));
    t.regex(crowded.message, new RegExp(`^punt.list: the daemon at ${address} takes no connection: it is busy`));
    t.deepEqual(crowded.details, { address, remedy: "Try again later" });
    const closed = errorOf(failed(Code.Unavailable, system({ syscall: "connect", code: "EACCES" })));
    t.regex(
      closed.message,
      new RegExp(`^punt.list: user ${process.getuid!()} may not open ${address}: run the program`),
    );
    t.deepEqual(closed.details, { address, remedy: "The daemon's --socket-group names that group" });
  }
});

test("a connection that ends during a call leaves open whether the call was carried out", (t) => {
  for (const tls of [false, true]) {
    const { errorOf } = bound(connection(t, tls));
    for (const error of [
      ...[failed(Code.Canceled), failed(Code.Aborted)],
      ...["read", "write"].map((syscall) => failed(Code.Internal, system({ syscall, code: "ECONNRESET" }))),
      failed(Code.Internal, system({ code: "ERR_HTTP2_SESSION_ERROR" })),
    ]) {
      const found = errorOf(error);
      t.like(found, { op: "punt.add", code: "ERR_DISCONNECTED", cause: error });
      t.deepEqual(found.details, { address: tls ? "127.0.0.1:7" : PATH });
      t.regex(found.message, /ended during the call: whether the call was carried out is not known/);
    }
  }
});

/** The methods that judge an error, for a call of that name. */
function bound(opened: Connection) {
  return { errorOf: (error: unknown) => opened.errorOf(error, "punt.add") };
}

test("what the daemon answers is the error that it means, over each kind of connection", (t) => {
  for (const tls of [false, true]) {
    const { errorOf } = bound(connection(t, tls));
    for (const code of ["ERR_CONFLICT", "ERR_DISCONNECTED", "ERR_REPLACED", "ECANCELED", "EAGAIN"]) {
      const found = errorOf(answer(code));
      t.like(found, { op: "punt.apply", code, message: "punt.apply: the daemon says no" });
    }
    const strange = errorOf(failed(Code.Internal));
    t.like(strange, { op: "punt.add", code: "ERR_DAEMON", message: "punt.add: the daemon: failed" });
  }
});

test("only a TCP door speaks TLS, and only OpenSSL gives a reason", (t) => {
  const error = failed(Code.Internal, system({ code: "ERR_SSL_WRONG_VERSION_NUMBER", reason: "wrong version" }));
  const found = bound(connection(t, true)).errorOf(error);
  t.like(found, { op: "punt.add", code: "ERR_DISCONNECTED", details: { address: "127.0.0.1:7" } });
  t.is(found.message, "punt.add: what answers at 127.0.0.1:7 is not the TCP door of a daemon: wrong version");
  t.like(bound(connection(t)).errorOf(error), { op: "punt.add", code: "ERR_DAEMON" });
});

test("a stream that the daemon has reset is the program's own fault, and is not opened again", (t) => {
  const reset = new ConnectError("stream closed with ENHANCE_YOUR_CALM", Code.Internal);
  const found = bound(connection(t)).errorOf(reset);
  t.like(found, { op: "punt.add", code: "ERR_SLOW_WATCHER" });
  t.regex(found.message, /this program did not read for too long/);
  t.false(isLost(reset));
});

test("a call is repeated while the daemon is away or stops, and not for an answer", (t) => {
  const codes = [Code.Unavailable, Code.Internal, Code.Canceled, Code.Aborted, Code.Unknown];
  for (const code of codes) t.deepEqual([isLost(failed(code)), isAway(failed(code))], [true, true], Code[code]);
  for (const code of [Code.NotFound, Code.PermissionDenied, Code.ResourceExhausted, Code.Unimplemented])
    t.deepEqual([isLost(failed(code)), isAway(failed(code))], [false, false], Code[code]);
  const judged = ["ERR_CLOSED", "ERR_DISCONNECTED", "ERR_NOT_LEADER", "ERR_REPLACED", "ERR_POLICY"].map((code) => [
    ...[code, isLost(answer(code)), isAway(answer(code))],
  ]);
  t.deepEqual(judged, [
    ["ERR_CLOSED", true, true],
    ["ERR_DISCONNECTED", true, true],
    ["ERR_NOT_LEADER", false, true],
    ["ERR_REPLACED", false, false],
    ["ERR_POLICY", false, false],
  ]);
});

test("a call that waits for the daemon is repeated after pauses", async (t) => {
  const opened = new Connection({ socket: PATH, wait: true });
  let attempts = 0;
  const waiting = opened.call("punt.list", async () => {
    if (++attempts === 100) opened.close();
    throw failed(Code.Unavailable);
  });
  await settled();
  t.true(attempts < 10, `${attempts} attempts in a moment`);
  opened.close();
  await t.throwsAsync(waiting, { code: "ERR_CLOSED" });
});

/** A connection over a line that the test plays: how often it was pinged, and whether it was ended. */
function playedLine(t: ExecutionContext, answerTimeout: number) {
  const line = { pings: 0, isEnded: false, isAnswering: true };
  const sessions = {
    ...{ isUnanswered: false, hasAnswered: true },
    async isAnswering() {
      line.pings++;
      return line.isAnswering;
    },
    abort() {
      line.isEnded = true;
    },
  };
  const played = new Connection({ socket: PATH, answerTimeout }, { transport: {} as never, sessions });
  t.teardown(() => played.close());
  return { line, played };
}

test("a call that is over leaves neither a listener nor a ping behind, and a closed connection no line", async (t) => {
  const { line, played } = playedLine(t, 40);
  const { signal } = played.ending;
  for (let calls = 0; calls < 3; calls++) t.is(await played.call("punt.list", async () => calls), calls);
  await t.throwsAsync(
    played.call("punt.get", () => Promise.reject(answer("ERR_POLICY"))),
    { code: "ERR_POLICY" },
  );
  t.deepEqual(getEventListeners(signal, "abort"), []);
  // The first ping of a call that is under way comes after 10 ms.
  await sleep(100);
  t.is(line.pings, 0);
  t.false(line.isEnded);
  const waiting = played.call("punt.list", (end) => new Promise((_, reject) => end.addEventListener("abort", reject)));
  played.close();
  await t.throwsAsync(waiting, { code: "ERR_CLOSED", message: "punt.list: the connection was closed" });
  t.true(line.isEnded);
});

test("Node.js does not warn of many calls at a time", async (t) => {
  const { played } = playedLine(t, 10_000);
  const warned: string[] = [];
  const hear = ({ name }: Error) => void warned.push(name);
  process.on("warning", hear);
  t.teardown(() => process.off("warning", hear));
  const calls = Array.from({ length: 20 }, () =>
    played.call("punt.list", (end) => new Promise((_, reject) => end.addEventListener("abort", reject))),
  );
  const over = Promise.allSettled(calls);
  await settled();
  t.deepEqual(warned, []);
  played.close();
  await over;
});

test("a call goes on as long as the daemon answers pings, and then ends by itself", async (t) => {
  const { line, played } = playedLine(t, 40);
  let isOver = false;
  const body = (end: AbortSignal) =>
    new Promise<never>(() => {
      end.addEventListener("abort", () => {
        isOver = true;
      });
    });
  // The pings of a connection keep no program alive.
  const alive = setInterval(() => {}, 1_000);
  t.teardown(() => clearInterval(alive));
  const asked = played.call("punt.add", body);
  while (line.pings < 3) await sleep(5);
  t.false(isOver);
  line.isAnswering = false;
  const message =
    /does not answer within 40 ms: it is stopped, or too busy; whether the call was carried out is not known/;
  await t.throwsAsync(asked, { code: "ERR_DISCONNECTED", message });
  t.true(isOver);
});
