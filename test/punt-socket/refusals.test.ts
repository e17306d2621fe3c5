// The words with which an injector refuses a packet, a call or an option, and how it counts.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { constants } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { bindPuntSocket } from "../../lib/descriptor/index.js";
import { PuntError } from "../../lib/errors.js";
import { native } from "../../lib/native.js";
import { PuntAction, PuntInjector, PuntSocket } from "../../lib/punt-socket/index.js";
import { need } from "../support/need.js";
import { facingVpp, open, openInjector, socketFolder, startVpp, until } from "../support/punt-socket/peer.js";

/** Calls, and compares the whole error. */
function refuses(
  t: ExecutionContext,
  call: () => unknown,
  op: string,
  code: string,
  words: string,
  details: object,
): void {
  const error = t.throws(call, { instanceOf: PuntError }, words);
  t.is(error?.message, `${op}: ${words}`);
  t.like(error, { op, code });
  t.deepEqual(error?.details, details);
}

const OP = "punt-injector.inject";
const packet = Buffer.alloc(64);

test("a refused packet is named with its place and its length", (t) => {
  const injector = openInjector(t, facingVpp(t).vpp.path, [1]);
  const range = "VPP takes 21 to 2048 bytes";
  const lengths: [number, string][] = [
    [0, "has 0 bytes (a view is empty once its handler has returned)"],
    [1, "has 1 bytes"],
    [20, "has 20 bytes"],
    [2049, "has 2049 bytes"],
  ];
  for (const [length, what] of lengths) {
    const wrong = Buffer.alloc(length);
    const one = () => injector.inject(PuntAction.L2, 1, wrong);
    refuses(t, one, OP, "ERR_PACKET_SIZE", `packet 0 ${what}: ${range}`, { index: 0, length });
    const last = () => injector.injectAll(PuntAction.L2, 1, [packet, packet, wrong]);
    refuses(t, last, OP, "ERR_PACKET_SIZE", `packet 2 ${what}: ${range}`, { index: 2, length });
  }
  for (const wrong of [undefined, null, "a text of some twenty characters", new Array(64).fill(0), packet.buffer]) {
    const call = () => injector.injectAll(PuntAction.L2, 1, [packet, wrong as never]);
    const details = { index: 1, length: Number.NaN };
    refuses(t, call, OP, "ERR_PACKET_SIZE", `packet 1 is not a Uint8Array: ${range}`, details);
  }
  t.is(injector.stats().refused.size, 13);
  for (const length of [21, 2048]) t.true(injector.inject(PuntAction.L2, 1, new Uint8Array(length)));
});

test("an action, an interface and packets that make no sense are named, and every packet of the call is counted", (t) => {
  const injector = openInjector(t, facingVpp(t).vpp.path, [1]);
  const calls: [number, (action: PuntAction, swIfIndex: number) => unknown][] = [
    [1, (action, swIfIndex) => injector.inject(action, swIfIndex, packet)],
    [3, (action, swIfIndex) => injector.injectAll(action, swIfIndex, [packet, packet, packet])],
    [0, (action, swIfIndex) => injector.injectAll(action, swIfIndex, [])],
  ];
  for (const [_, call] of calls) {
    const actions = "there are L2 = 0, IP4_ROUTED = 1, IP6_ROUTED = 2";
    refuses(t, () => call(3 as never, 1), OP, "ERR_ACTION", `action 3: ${actions}`, { action: 3 });
    const unknown = "VPP has no interface with sw_if_index 2; injecting there would crash it";
    refuses(t, () => call(PuntAction.L2, 2), OP, "ERR_UNKNOWN_INTERFACE", unknown, { swIfIndex: 2 });
  }
  t.like(injector.stats().refused, { action: 4, unknownInterface: 4, size: 0, full: 0, disconnected: 0 });
  const list = "option packets must be an array of Uint8Array";
  refuses(t, () => injector.injectAll(PuntAction.L2, 1, packet as never), OP, "ERR_OPTION", list, {
    option: "packets",
  });
  injector.close();
  for (const [_, call] of calls)
    refuses(t, () => call(PuntAction.L2, 1), OP, "ERR_CLOSED", "the injector is closed", {});
});

test("a number that is not a 32-bit index is not an interface, whatever the application says", async (t) => {
  const { vpp } = facingVpp(t);
  const injector = PuntInjector.open({ vppPath: vpp.path, knownInterfaces: () => true });
  t.teardown(() => injector.close());
  const wrong = [-1, 1.5, 2 ** 32, 2 ** 32 + 1, Number.NaN, Number.POSITIVE_INFINITY, "1" as never, undefined as never];
  for (const swIfIndex of wrong) {
    t.throws(
      () => injector.inject(PuntAction.L2, swIfIndex, packet),
      { code: "ERR_UNKNOWN_INTERFACE" },
      `${swIfIndex}`,
    );
    const details = { swIfIndex };
    t.like(
      t.throws(() => injector.injectAll(PuntAction.L2, swIfIndex, [packet])),
      { details },
    );
  }
  t.is(injector.stats().refused.unknownInterface, 2 * wrong.length);
  t.true(injector.inject(PuntAction.L2, 0xffffffff, packet));
  await until(() => vpp.injected.length === 1);
  t.is(vpp.injected[0]!.swIfIndex, 0xffffffff);
});

test("a handler that is not a function is refused before the socket is made", (t) => {
  const path = join(socketFolder(t), "any");
  for (const option of ["onBatch", "onWarning"]) {
    const call = () => PuntSocket.open({ path, [option]: 5 });
    refuses(t, call, "punt-socket.open", "ERR_OPTION", `option ${option} must be a function; got 5`, { option });
  }
  t.false(existsSync(path));
});

test("an injector's options are refused with a reason", (t) => {
  const knownInterfaces = new Set([1]);
  const known = "must be a set of sw_if_index or a function that says whether VPP has an interface";
  const descriptor = bindPuntSocket({ path: join(socketFolder(t), "any") });
  t.teardown(() => descriptor.close());
  const refused: [object, string, string][] = [
    [{ more: 1 }, "more", "does not exist; the options are knownInterfaces, vppPath, descriptor"],
    [{}, "knownInterfaces", known],
    [{ knownInterfaces: [1] }, "knownInterfaces", known],
    [{ knownInterfaces: { has: true } }, "knownInterfaces", known],
    [{ knownInterfaces, vppPath: "v" }, "vppPath", 'must be an absolute path; got "v"'],
    [{ knownInterfaces, vppPath: null, descriptor: {} }, "descriptor", "must be a Descriptor"],
    [{ knownInterfaces, vppPath: "/v", descriptor }, "vppPath", "does not go with descriptor"],
  ];
  for (const [options, option, words] of refused) {
    const call = () => PuntInjector.open(options as never);
    refuses(t, call, "punt-injector.open", "ERR_OPTION", `option ${option} ${words}`, { option });
  }
  t.true(descriptor.isOpen);
});

test("a socket's options that do not go with a descriptor are refused, and the descriptor stays the caller's", (t) => {
  const folder = socketFolder(t);
  using descriptor = bindPuntSocket({ path: join(folder, "any") });
  for (const [option, value] of Object.entries({ path: join(folder, "other"), mode: 0o600, group: 0 })) {
    const call = () => PuntSocket.open({ descriptor, [option]: value, onWarning: () => {} });
    const words = `option ${option} does not go with descriptor`;
    refuses(t, call, "punt-socket.open", "ERR_OPTION", words, { option });
  }
  const filter = () => PuntSocket.open({ descriptor, filter: "udp" as never });
  const words = "option filter must be a PacketFilter or PacketRules";
  refuses(t, filter, "punt-socket.open", "ERR_OPTION", words, { option: "filter" });
  const path = () => PuntSocket.open({ descriptor, vppPath: "vpp" });
  refuses(t, path, "punt-socket.open", "ERR_OPTION", 'option vppPath must be an absolute path; got "vpp"', {
    option: "vppPath",
  });
  t.true(descriptor.isOpen);
});

test("an open socket names what it can't take", (t) => {
  const { vpp, path } = facingVpp(t);
  const socket = open(t, { path, vppPath: vpp.path });
  const filters = "option filter must be a PacketFilter or PacketRules";
  const calls: [() => unknown, string, string, string][] = [
    [() => socket.reconnect("vpp"), "reconnect", "vppPath", 'option vppPath must be an absolute path; got "vpp"'],
    [() => socket.reconnect(5 as never), "reconnect", "vppPath", "option vppPath must be an absolute path; got 5"],
    [() => socket.setFilter("udp" as never), "setFilter", "filter", filters],
    [() => socket.receive(5 as never), "receive", "handler", "option handler must be a function; got 5"],
  ];
  for (const [call, op, option, words] of calls) refuses(t, call, `punt-socket.${op}`, "ERR_OPTION", words, { option });
  socket.receive(() => {});
  const taken = "packets go to a handler or an iterator";
  refuses(t, () => socket.poll(() => {}), "punt-socket.poll", "ERR_MODE", taken, {});
  const another = "packets go to a handler or another iterator";
  refuses(t, () => socket[Symbol.asyncIterator](), "punt-socket.iterate", "ERR_MODE", another, {});
});

test("an injector whose VPP is a socket of another kind does not open, and leaves no descriptor", async (t) => {
  const vppPath = join(socketFolder(t), "vpp");
  const server = createServer().listen(vppPath);
  t.teardown(() => server.close());
  await once(server, "listening");
  const call = () => PuntInjector.open({ vppPath, knownInterfaces: new Set([1]) });
  const words = `VPP's punt socket ${vppPath} refuses this process (EPROTOTYPE)`;
  refuses(t, call, "punt-injector.open", "EPROTOTYPE", words, { path: vppPath });
});

test("a full queue refuses exactly the packets that it doesn't accept, and drain comes once", async (t) => {
  const vppPath = join(socketFolder(t), "vpp");
  // Nothing reads it: the thread of a PuntSocket would, once this process has stood still.
  const bound = bindPuntSocket({ path: vppPath });
  const injector = openInjector(t, vppPath, [1]);
  let drains = 0;
  injector.on("drain", () => void drains++);
  const accepted = injector.injectAll(PuntAction.L2, 1, new Array(1000).fill(packet));
  t.true(accepted > 0 && accepted < 1000);
  t.false(injector.inject(PuntAction.L2, 1, packet));
  t.is(injector.injectAll(PuntAction.L2, 1, [packet, packet]), 0);
  t.deepEqual(injector.stats(), {
    packets: accepted,
    bytes: 64 * accepted,
    refused: { full: 1000 - accepted + 3, disconnected: 0, unknownInterface: 0, size: 0, action: 0 },
  });
  const drained = once(injector, "drain");
  using vpp = PuntSocket.open({ descriptor: bound, onWarning: () => {} });
  vpp.receive(() => {});
  await drained;
  t.true(injector.inject(PuntAction.L2, 1, packet));
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  t.is(drains, 1);
});

test("drain comes once where the queue was full and VPP was away then", async (t) => {
  const vppPath = join(socketFolder(t), "vpp");
  const vpp = bindPuntSocket({ path: vppPath });
  const injector = openInjector(t, vppPath, [1]);
  let drains = 0;
  injector.on("drain", () => void drains++);
  t.true(injector.injectAll(PuntAction.L2, 1, new Array(1000).fill(packet)) < 1000);
  vpp.close();
  t.false(injector.inject(PuntAction.L2, 1, packet));
  // Its look at VPP comes after the one of the first injector.
  const later = openInjector(t, vppPath, [1]);
  t.false(later.inject(PuntAction.L2, 1, packet));
  const drained = once(later, "drain");
  startVpp(t, vppPath);
  await drained;
  t.is(drains, 1);
});

test("counters that were read stay as they were", (t) => {
  const injector = openInjector(t, facingVpp(t).vpp.path, [1]);
  const before = injector.stats();
  t.true(injector.inject(PuntAction.L2, 1, packet));
  t.throws(() => injector.inject(PuntAction.L2, 2, packet));
  t.like(before, { packets: 0, bytes: 0, refused: { unknownInterface: 0 } });
  t.like(injector.stats(), { packets: 1, bytes: 64, refused: { unknownInterface: 1 } });
});

test("a closed injector has no events, and its counters remain", async (t) => {
  const vppPath = join(socketFolder(t), "vpp");
  const injector = openInjector(t, vppPath, [1]);
  injector.on("drain", () => t.fail());
  t.false(injector.inject(PuntAction.L2, 1, packet));
  injector.close();
  const other = openInjector(t, vppPath, [1]);
  t.false(other.inject(PuntAction.L2, 1, packet));
  startVpp(t, vppPath);
  await once(other, "drain");
  t.is(injector.stats().refused.disconnected, 1);
});

test("an injector in a using declaration is closed at its end", (t) => {
  const { vpp } = facingVpp(t);
  let kept: PuntInjector;
  {
    using injector = PuntInjector.open({ vppPath: vpp.path, knownInterfaces: () => true });
    kept = injector;
    t.true(kept.inject(PuntAction.L2, 5, packet));
  }
  t.throws(() => kept.inject(PuntAction.L2, 5, packet), { code: "ERR_CLOSED" });
});

/** An injector whose every system call fails with an error of that name. */
function failing(name: keyof typeof constants.errno): { injector: PuntInjector; asked: string[] } {
  const asked: string[] = [];
  /** Notes the call and gives its result. */
  const call =
    <T>(what: string, result: () => T) =>
    () => {
      asked.push(what);
      return result();
    };
  const failure = () => -constants.errno[name];
  class Failing {
    /** The first call, of opening, succeeds. */
    connect = call("connect", () => (asked.length > 1 ? name : undefined));
    send = call("send", failure);
    sendMany = call("sendMany", failure);
    watchRoom = call("watchRoom", () => {});
    close = call("close", () => {});
  }
  const kept = native.PuntInjector;
  native.PuntInjector = Failing as unknown as typeof kept;
  try {
    return { injector: PuntInjector.open({ vppPath: "/vpp", knownInterfaces: new Set([1]) }), asked };
  } finally {
    native.PuntInjector = kept;
  }
}

const OUTCOMES = {
  full: ["EAGAIN", "ENOBUFS", "ENOMEM"],
  disconnected: ["ECONNREFUSED", "ENOENT", "ENOTCONN", "ECONNRESET"],
  thrown: ["EMSGSIZE", "EACCES", "EPERM", "EIO"],
} as const;

for (const [outcome, names] of Object.entries(OUTCOMES)) {
  for (const name of names) {
    test(`${name} of the system is ${outcome}`, (t) => {
      const { injector, asked } = failing(name);
      const calls = [
        () => injector.inject(PuntAction.L2, 1, packet),
        () => injector.injectAll(PuntAction.L2, 1, [packet, packet]),
      ];
      for (const call of calls) {
        if (outcome === "thrown") t.throws(call, { code: name });
        else t.falsy(call());
      }
      // A VPP that is away may be back: a call connects, and sends once more where that succeeds.
      const after = { full: ["watchRoom"], disconnected: ["connect"], thrown: [] }[outcome];
      t.deepEqual(asked, ["connect", "send", ...after!, "sendMany", ...after!]);
      const { refused } = injector.stats();
      t.deepEqual(
        [refused.full, refused.disconnected],
        [outcome === "full" ? 3 : 0, outcome === "disconnected" ? 3 : 0],
      );
      injector.close();
    });
  }
}

/** Binds a datagram socket that takes nothing any more. */
const DEAF = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.shutdown(socket.SHUT_RD)
print("bound", flush=True)
sys.stdin.read()
`;

need("python3").test("an error that is neither of absence nor of a full queue is thrown by its name", async (t) => {
  const vppPath = join(socketFolder(t), "vpp");
  const peer = spawn("python3", ["-c", DEAF, vppPath], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(() => peer.kill("SIGKILL"));
  await once(peer.stdout, "data");
  const injector = openInjector(t, vppPath, [1]);
  const words = "VPP's punt socket takes no packet (EPIPE)";
  refuses(t, () => injector.inject(PuntAction.L2, 1, packet), OP, "EPIPE", words, {});
  refuses(t, () => injector.injectAll(PuntAction.L2, 1, [packet]), OP, "EPIPE", words, {});
  t.like(injector.stats(), { packets: 0, refused: { full: 0, disconnected: 0 } });
});

test("packets of more than one system call and of any length arrive in order, and are counted", async (t) => {
  const { vpp } = facingVpp(t);
  const injector = openInjector(t, vpp.path, [1]);
  const packets = Array.from({ length: 200 }, (_, i) => Buffer.alloc(21 + ((i * 37) % 2028), i));
  let sent = 0;
  while (sent < packets.length) {
    sent += injector.injectAll(PuntAction.IP4_ROUTED, 1, packets.slice(sent));
    if (sent < packets.length) await once(injector, "drain");
  }
  await until(() => vpp.injected.length === packets.length);
  t.deepEqual(
    vpp.injected.map(({ packet: got }) => Buffer.from(got)),
    packets,
  );
  const bytes = packets.reduce((sum, { length }) => sum + length, 0);
  t.like(injector.stats(), { packets: 200, bytes });
});
