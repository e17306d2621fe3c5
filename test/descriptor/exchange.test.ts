// Descriptors handed from process to process: whole exchanges, and peers that keep to no rule.
import { once } from "node:events";
import { existsSync, fstatSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import test from "ava";
import {
  type DescriptorHandler,
  DescriptorServer,
  type DescriptorServerOptions,
  openNamespace,
  receiveDescriptors,
} from "../../lib/descriptor/index.js";
import { PuntError } from "../../lib/errors.js";
import { isListening } from "../../lib/sockets/index.js";
import { openDescriptors, python, socketFolder, until } from "../support/descriptor/peer.js";
import { need } from "../support/need.js";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** A server of the test's, and where it listens. */
function listen(t: ExecutionContext, handler: DescriptorHandler, options: DescriptorServerOptions = {}) {
  const path = join(socketFolder(t), "attach.sock");
  const errors: unknown[] = [];
  const server = DescriptorServer.listen(path, handler, { onError: (error) => errors.push(error), ...options });
  t.teardown(() => server.close());
  return { path, server, errors };
}

/** Stops this process until the file is there, and then for so many milliseconds. */
function standStill(path: string, ms: number): void {
  const sleeping = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(path)) Atomics.wait(sleeping, 0, 0, 1);
  Atomics.wait(sleeping, 0, 0, ms);
}

const echo: DescriptorHandler = ({ bytes }) => ({ bytes });

test.serial("descriptors go both ways, and nothing is left open", async (t) => {
  const file = join(socketFolder(t), "file");
  writeFileSync(file, "what is in the file");
  const { path } = listen(t, ({ credentials, process: peer, bytes, descriptors }) => {
    t.is(credentials.pid, process.pid);
    t.is(credentials.uid, process.getuid!());
    t.true(peer === undefined || peer.isOpen);
    t.is(fstatSync(descriptors[0]!.fd).ino, statSync("/proc/self/ns/net").ino);
    return { bytes: Buffer.from(`${text(bytes)}!`), descriptors: [openNamespaceOf("net"), openNamespaceOf("net")] };
  });
  await receiveDescriptors(path, Buffer.from("warm"), { descriptors: [openNamespaceOf("net")] });
  const before = openDescriptors();
  for (let i = 0; i < 50; i++) {
    const own = openNamespaceOf("net");
    const answer = await receiveDescriptors(path, Buffer.from(`request ${i}`), { descriptors: [own] });
    t.is(text(answer.bytes), `request ${i}!`);
    t.is(answer.descriptors.length, 2);
    t.is(fstatSync(answer.descriptors[1]!.fd).ino, statSync("/proc/self/ns/net").ino);
    for (const descriptor of [own, ...answer.descriptors]) descriptor.close();
  }
  await until(() => openDescriptors() <= before);
});

function openNamespaceOf(kind: string) {
  return openNamespace(`/proc/self/ns/${kind}`);
}

test.serial("a payload larger than a socket's buffer arrives whole", async (t) => {
  const { path } = listen(t, echo, { maxBytes: 2 ** 22 });
  const bytes = Buffer.alloc(2 ** 22, "payload ");
  const answer = await receiveDescriptors(path, bytes, { maxBytes: 2 ** 22 });
  t.true(bytes.equals(answer.bytes));
});

test.serial("a client gets the error that a handler throws, but not the details of its faults", async (t) => {
  const { path, errors } = listen(t, ({ bytes }) => {
    if (text(bytes) === "fault") throw new TypeError("an inner fault");
    throw new PuntError("punt.attach", "ERR_DENIED", "rule 3 does not allow it", { rule: 3 });
  });
  const denied = await t.throwsAsync(receiveDescriptors(path, Buffer.from("x")), { instanceOf: PuntError });
  t.like(denied, { op: "punt.attach", code: "ERR_DENIED", message: "punt.attach: rule 3 does not allow it" });
  t.deepEqual((denied as PuntError).details, { rule: 3 });
  const fault = await t.throwsAsync(receiveDescriptors(path, Buffer.from("fault")), { code: "ERR_INTERNAL" });
  t.false(fault!.message.includes("inner"));
  t.true(errors[0] instanceof TypeError);
});

test.serial("a missing server, or another program in its place, is an error that says so", async (t) => {
  const path = join(socketFolder(t), "attach.sock");
  await t.throwsAsync(receiveDescriptors(path, Buffer.of()), { code: "ENOENT" });
  writeFileSync(path, "a file");
  await t.throwsAsync(receiveDescriptors(path, Buffer.of()), { code: "ECONNREFUSED" });
  t.throws(() => DescriptorServer.listen(path, echo), { code: "EEXIST" });
  t.is(readFileSync(path, "utf8"), "a file");
});

test.serial("one path has one server, and the next one when it is closed", async (t) => {
  const { path, server } = listen(t, echo);
  t.throws(() => DescriptorServer.listen(path, echo), { code: "EADDRINUSE" });
  await server.close();
  t.is(statSync(path, { throwIfNoEntry: false }), undefined);
  const next = DescriptorServer.listen(path, echo, { mode: 0o600 });
  t.is(statSync(path).mode & 0o777, 0o600);
  await next.close();
});

test.serial("closing the server ends what waits, and a handler's late answer is closed", async (t) => {
  let answerLate: (() => void) | undefined;
  const late = openNamespaceOf("net");
  const { path, server } = listen(t, () => {
    return new Promise((resolve) => {
      answerLate = () => resolve({ bytes: Buffer.of(), descriptors: [late] });
    });
  });
  const asked = receiveDescriptors(path, Buffer.of());
  const refused = t.throwsAsync(asked, { code: "ECONNRESET" });
  await until(() => answerLate !== undefined);
  await server.close();
  await refused;
  answerLate!();
  await until(() => !late.isOpen);
  t.pass();
});

test.serial("a handler that does not answer in time costs the client its exchange only", async (t) => {
  const { path } = listen(t, ({ bytes }) => (text(bytes) === "hang" ? new Promise(() => {}) : { bytes }), {
    timeoutMs: 1000,
  });
  await t.throwsAsync(receiveDescriptors(path, Buffer.from("hang")), { code: "ECONNRESET" });
  t.is(text((await receiveDescriptors(path, Buffer.from("next"))).bytes), "next");
});

test.serial("a handler's descriptors are open until it has ended, and it has its place until then", async (t) => {
  const events: string[] = [];
  let end: (() => void) | undefined;
  const handler: DescriptorHandler = async ({ bytes, descriptors: [namespace], process: peer }) => {
    if (namespace === undefined) return { bytes };
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    events.push(`${namespace.isOpen}, ${peer === undefined || peer.isOpen}`);
    setImmediate(() => events.push(`then ${namespace.isOpen}`));
    return { bytes };
  };
  const { path } = listen(t, handler, { timeoutMs: 1000, maxConnections: 1 });
  const own = openNamespaceOf("net");
  await t.throwsAsync(receiveDescriptors(path, Buffer.of(), { descriptors: [own] }), { code: "ECONNRESET" });
  own.close();
  const next = receiveDescriptors(path, Buffer.from("next")).then(() => events.push("next"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  end!();
  await next;
  t.deepEqual(events, ["true, true", "then false", "next"]);
});

test.serial("a server that hangs costs the client no more than its own time", async (t) => {
  const { path } = listen(t, () => new Promise(() => {}));
  await t.throwsAsync(receiveDescriptors(path, Buffer.of(), { timeoutMs: 50 }), { code: "ETIMEDOUT" });
});

test.serial("options and arguments that are wrong are named", async (t) => {
  const { path } = listen(t, echo);
  const wrong = { code: "ERR_OPTION" };
  t.throws(() => DescriptorServer.listen("relative", echo), wrong);
  t.throws(() => DescriptorServer.listen(`/${"x".repeat(108)}`, echo), wrong);
  t.throws(() => DescriptorServer.listen("/tmp/x", echo, { mode: 0o1000 }), wrong);
  t.throws(() => DescriptorServer.listen("/tmp/x", echo, { colour: 1 } as object), wrong);
  t.throws(() => DescriptorServer.listen("/tmp/x", undefined as never), wrong);
  await t.throwsAsync(receiveDescriptors(path, Buffer.of(), { descriptors: [3] as never }), wrong);
  await t.throwsAsync(receiveDescriptors(path, Buffer.of(), { timeoutMs: 0 }), wrong);
  await t.throwsAsync(receiveDescriptors(path, "text" as never), wrong);
});

const hostile: readonly [string, string, string][] = [
  ["junk", `send(s, b"GET / HTTP/1.1\\r\\n\\r\\n"); end(s)`, "ERR_PROTOCOL"],
  ["a payload too long", `send(s, frame(b"")[:8] + b"\\xff\\xff\\xff\\xff"); end(s)`, "ERR_PROTOCOL"],
  ["an answer", `send(s, frame(b"x", kind=1)); end(s)`, "ERR_PROTOCOL"],
  ["fewer descriptors than told", `send(s, frame(b"x", 2), [0]); end(s)`, "ERR_PROTOCOL"],
  ["more descriptors than told", `send(s, frame(b"x", 0), [0]); end(s)`, "ERR_PROTOCOL"],
  ["too many descriptors", `send(s, frame(b"x", 253), [0] * 253); end(s)`, "ERR_PROTOCOL"],
  ["too many, byte by byte", `[send(s, bytes([b]), [0] * 16) for b in frame(b"x")]; end(s)`, "ERR_PROTOCOL"],
  ["half a frame", `send(s, frame(b"12345678")[:15], [0]); s.close()`, "ECONNRESET"],
  ["half a header and waits", `send(s, frame(b"")[:5]); end(s)`, "ETIMEDOUT"],
  ["nothing", `end(s)`, "ETIMEDOUT"],
  ["no ear for the answer", `send(s, frame(b"big")); time.sleep(60)`, "ETIMEDOUT"],
];

for (const [what, code, expected] of hostile) {
  need("python3").test.serial(`a client that sends ${what} is disconnected, and nothing stays open`, async (t) => {
    const large = new Uint8Array(2 ** 22);
    const handler: DescriptorHandler = ({ bytes }) => ({ bytes: text(bytes) === "big" ? large : bytes });
    // Only what ends by it waits for the time limit: Python may be slow between two calls.
    const { path, errors } = listen(t, handler, { timeoutMs: expected === "ETIMEDOUT" ? 1000 : 60_000 });
    await receiveDescriptors(path, Buffer.of());
    const before = openDescriptors();
    const client = python(t, path, `s = connect()\ntry:\n  ${code}\nexcept BrokenPipeError: pass`);
    await until(() => errors.length > 0);
    t.is((errors[0] as PuntError).code, expected);
    // Meanwhile, and afterwards, others are served.
    t.is(text((await receiveDescriptors(path, Buffer.from("other"))).bytes), "other");
    await until(() => openDescriptors() <= before + 2); // the pipe from the client's output
    void client;
  });
}

test.serial("a client that only looks for a listener causes no error", async (t) => {
  const { path, errors } = listen(t, echo);
  for (let turn = 0; turn < 3; turn++) {
    t.true(await isListening(path));
    t.is(text((await receiveDescriptors(path, Buffer.from("other"))).bytes), "other");
  }
  t.deepEqual(errors, []);
});

need("python3").test.serial("a hundred silent clients do not keep the next client out", async (t) => {
  const { path } = listen(t, echo, { timeoutMs: 5000, maxConnections: 8 });
  const silent = python(
    t,
    path,
    `them = [connect() for _ in range(100)]\nopen(path + ".connected", "w")\nend(them[-1])`,
  );
  await until(() => existsSync(`${path}.connected`));
  const answer = await receiveDescriptors(path, Buffer.from("late"), { timeoutMs: 60_000 });
  t.is(text(answer.bytes), "late");
  void silent;
});

need("python3").test.serial("a client is not silent whose request came while this process stood still", async (t) => {
  const { path } = listen(t, echo, { maxConnections: 1 });
  const client = python(
    t,
    path,
    `
s = connect()
open(path + ".connected", "w")
while not os.path.exists(path + ".go"): time.sleep(0.001)
send(s, frame(b"x"))
open(path + ".sent", "w")
print(len(s.recv(99)))`,
  );
  await until(() => existsSync(`${path}.connected`));
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  writeFileSync(`${path}.go`, "");
  standStill(`${path}.sent`, 400);
  t.is(await client, "13\n");
});

need("python3").test.serial("an answer that came while this process stood still is in time", async (t) => {
  const path = join(socketFolder(t), "attach.sock");
  const server = python(
    t,
    path,
    `
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(path)
listener.listen(1)
open(path + ".listens", "w")
s = listener.accept()[0]
s.recv(99)
while not os.path.exists(path + ".go"): time.sleep(0.001)
send(s, frame(b"answer", kind=1))
open(path + ".sent", "w")
end(s)`,
  );
  await until(() => existsSync(`${path}.listens`));
  const asked = receiveDescriptors(path, Buffer.of(), { timeoutMs: 500 });
  // The request has been sent.
  await new Promise(setImmediate);
  writeFileSync(`${path}.go`, "");
  standStill(`${path}.sent`, 600);
  t.is(text((await asked).bytes), "answer");
  await server;
});

need("root", "python3").test.serial("the kernel says who asks", async (t) => {
  const { path } = listen(t, ({ credentials }) => ({ bytes: Buffer.from(JSON.stringify(credentials)) }), {
    mode: 0o666,
  });
  const folder = join(path, "..");
  const { chmodSync } = await import("node:fs");
  chmodSync(folder, 0o755);
  const said = await python(
    t,
    path,
    `s = connect()\nsend(s, frame(b"x"))\nprint(os.getpid(), s.recv(4096)[12:].decode())`,
    12345,
  );
  const [pid, json] = [said.slice(0, said.indexOf(" ")), said.slice(said.indexOf(" "))];
  t.like(JSON.parse(json), { pid: Number(pid), uid: 12345, gid: 12345 });
});
test("silent clients keep the others out for a moment only", async (t) => {
  const errors: unknown[] = [];
  const { path } = listen(t, echo, { timeoutMs: 600_000, maxConnections: 2, onError: (error) => errors.push(error) });
  const silent = [1, 2, 3].map(() => connect(path));
  t.teardown(() => silent.forEach((socket) => void socket.destroy()));
  await Promise.all(silent.map((socket) => once(socket, "connect")));
  const { bytes } = await receiveDescriptors(path, new TextEncoder().encode("hello"));
  t.is(new TextDecoder().decode(bytes), "hello");
  t.like(errors[0], {
    code: "ETIMEDOUT",
    message: "descriptor.exchange: no request came for 250 ms, and others wait",
  });
});
