// The exchange with a daemon's attach.sock, which the test plays: questions, and wrong answers.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { bindPuntSocket, type DescriptorHandler, DescriptorServer } from "../../lib/descriptor/index.js";
import { PuntError } from "../../lib/errors.js";
import type { Handed, HandOverRequest } from "../../lib/module/handed-ends.js";
import type { ConnectOptions } from "../../lib/module/options.js";
import { Handovers } from "../../lib/module/remote/attach.js";
import { attachHanded } from "../../lib/module/remote/attachments.js";
import { packageVersion } from "../../lib/package-root.js";
import type { PuntStatus } from "../../lib/punt/index.js";
import { decodeQuestion, encodeAttach } from "../../lib/wire/index.js";
import { openDescriptors, until } from "../support/descriptor/peer.js";
import { memifSide, silentMemif, socketSide } from "../support/module/ends.js";
import { ID } from "../support/module/life.js";
import { need } from "../support/need.js";
import { socketFolder } from "../support/punt-socket/peer.js";

const ENDS = { have: { "memif/0": "x" }, packets: true };
const NOTHING = { bytes: encodeAttach({ ends: [], namespace: "" }) };

/** A client whose daemon names attach.sock, in a folder that the daemon calls by another path. */
function handovers(t: ExecutionContext, handler?: DescriptorHandler, more: ConnectOptions = {}, attachSocket?: string) {
  const folder = socketFolder(t);
  const path = join(folder, "attach.sock");
  if (handler) {
    const server = DescriptorServer.listen(path, handler);
    t.teardown(() => server.close());
  }
  const calls: string[] = [];
  const connection = {
    client: {
      async attach({ id }: { id: { cnf: string } }) {
        calls.push(`attach ${id.cnf}`);
        return { token: "word", socket: "/on/the/host/attach.sock" };
      },
      info: async () => ({ attachSocket: attachSocket ?? "/on/the/host/attach.sock" }),
    },
    async call(op: string, body: (signal: AbortSignal) => Promise<unknown>) {
      calls.push(op);
      return body(new AbortController().signal);
    },
  };
  const options = { socket: join(folder, "manager.sock"), ...more };
  return { hands: new Handovers(connection as never, options), calls, path, folder };
}

test("the ends are asked for by a token, at the socket beside the program's own path", async (t) => {
  const asked: unknown[] = [];
  const { hands, calls } = handovers(t, ({ bytes }) => {
    asked.push(decodeQuestion(bytes));
    return NOTHING;
  });
  t.deepEqual(await hands.ends(ID, ENDS), []);
  t.deepEqual(await hands.ends(ID, { ...ENDS, only: ["inject"], ifFree: true }), []);
  t.deepEqual(calls, ["punt.attach", "attach a", "punt.attach", "attach a"]);
  const question = { kind: "punt", token: "word", ...ENDS };
  t.deepEqual(asked, [question, { ...question, only: ["inject"], ifFree: true }]);
});

test("each end comes with its descriptor", async (t) => {
  const folder = socketFolder(t);
  const ends = (["socket", "inject"] as const).map((kind, interconnect) => ({ kind, interconnect, identity: kind }));
  const { hands } = handovers(t, () => ({
    bytes: encodeAttach({ ends, namespace: "" }),
    descriptors: ends.map(({ kind }) => bindPuntSocket({ path: join(folder, kind) })),
  }));
  const got = await hands.ends(ID, ENDS);
  t.deepEqual(
    got.map(({ descriptor: _, ...end }) => end),
    ends,
  );
  t.true(got.every(({ descriptor }) => descriptor.isOpen));
  for (const { descriptor } of got) descriptor.close();
});

test("what a later daemon says besides is left out", async (t) => {
  const ends = [{ kind: "socket", interconnect: 0, identity: "a", folder: "1:2" } as const];
  const bytes = Buffer.from(JSON.stringify({ ends: [{ ...ends[0], later: 1 }], namespace: "", also: 2 }));
  const descriptors = () => [bindPuntSocket({ path: join(socketFolder(t), "a") })];
  const { hands } = handovers(t, () => ({ bytes, descriptors: descriptors() }));
  const [{ descriptor, ...end }] = (await hands.ends(ID, ENDS)) as [Handed];
  t.deepEqual([end], ends);
  descriptor.close();
});

test.serial("descriptors of an answer that is wrong are closed", async (t) => {
  const folder = socketFolder(t);
  const answers = [encodeAttach({ ends: [], namespace: "" }), Buffer.from("junk")];
  const messages = [/punt\.attach: 0 ends came with 1 descriptors$/, /an answer/];
  for (const [index, bytes] of answers.entries()) {
    const { hands } = handovers(t, () => ({
      bytes,
      descriptors: [bindPuntSocket({ path: join(folder, `${index}`), replace: true })],
    }));
    const wrong = { code: "ERR_PROTOCOL", message: messages[index]! };
    await t.throwsAsync(hands.ends(ID, ENDS), wrong);
    const before = openDescriptors();
    await t.throwsAsync(hands.ends(ID, ENDS), wrong);
    await until(() => openDescriptors() <= before);
  }
});

test("a socket without a listener means that the daemon is away; a refusal of the daemon does not", async (t) => {
  const { hands, path } = handovers(t);
  const error = await t.throwsAsync<PuntError>(hands.ends(ID, ENDS), { code: "ERR_DISCONNECTED" });
  t.is(error!.message, `punt.attach: no daemon answers at ${path}`);
  t.like(error, { op: "punt.attach", details: { address: path } });
  t.like(error!.cause, { code: "ENOENT" });
  for (const code of ["ENOENT", "ECONNREFUSED", "ERR_TOKEN"]) {
    const refusing = handovers(t, () => {
      throw new PuntError("descriptor.connect", code, "VPP has no socket");
    });
    await t.throwsAsync(refusing.hands.ends(ID, ENDS), { code });
  }
});

test("a daemon that takes too long is away", async (t) => {
  const silent: DescriptorHandler = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("over"))));
  const { hands } = handovers(t, silent, { answerTimeout: 20 });
  const error = await t.throwsAsync(hands.ends(ID, ENDS), { code: "ERR_DISCONNECTED" });
  t.like(error!.cause, { code: "ETIMEDOUT", details: { timeoutMs: 20 } });
});

test("the network namespace is handed over with the name of the CNF, where the daemon takes it", async (t) => {
  const asked: unknown[] = [];
  const { hands } = handovers(t, ({ bytes, descriptors }) => {
    asked.push([decodeQuestion(bytes), descriptors.length]);
    return { bytes: encodeAttach({ ends: [], namespace: "/run/netns/a" }) };
  });
  t.is(await hands.namespace("dns"), "/run/netns/a");
  t.deepEqual(asked, [[{ kind: "namespace", cnf: "dns" }, 1]]);
  const refused = () => t.fail("no daemon is there") as never;
  t.is(await handovers(t, refused, {}, "").hands.namespace("dns"), "");
});

test("a program on another host opens the paths by itself, and one beside the daemon takes descriptors", async (t) => {
  const [near, far] = [socketSide(t), socketSide(t)];
  const statusOf = (side: typeof near) =>
    ({ id: ID, metadata: { interconnects: [side.interconnect] } }) as unknown as PuntStatus;
  const beside = handovers(t, () => NOTHING);
  (await beside.hands.attach(statusOf(near), {})).close();
  t.deepEqual(beside.calls, ["punt.attach", "attach a"]);
  const tls = { host: "h", port: 1, cert: "", key: "", ca: "" };
  const remote = handovers(t, () => NOTHING, { tls });
  (await remote.hands.attach(statusOf(far), {})).close();
  t.deepEqual(remote.calls, []);
});

const AWAY = new PuntError("punt.attach", "ERR_DISCONNECTED", "no daemon");

/** Opens the ends of these interconnects by the answers in turn. */
async function attached(sides: readonly { interconnect: object }[], answers: (() => Handed[])[]) {
  const asked: HandOverRequest[] = [];
  const status = { id: ID, metadata: { interconnects: sides.map(({ interconnect }) => interconnect) } };
  const ends = await attachHanded(status as unknown as PuntStatus, {}, async (request) => {
    asked.push(request);
    return answers.shift()?.() ?? [];
  });
  const peers = () => ends.ports.map((port) => port.kind === "memif" && port.memif.peer !== undefined);
  return { ends, asked, peers, answers };
}

test("a memif that has lost its VPP is connected again, as often as it takes", async (t) => {
  const sides = [memifSide(t), memifSide(t)];
  const answers = [() => sides.map((side, index) => side.hand(index, `first ${index}`))];
  const { ends, asked, peers } = await attached(sides, answers);
  t.teardown(() => ends.close());
  t.deepEqual(asked, [{ packets: false, only: ["memif", "socket"], ifFree: true, have: {} }]);
  await until(() => peers().every(Boolean));
  sides[1]!.server.close();
  await until(() => !peers()[1]);
  sides[1]!.serve();
  const away = () => {
    throw AWAY;
  };
  answers.push(away, () => [sides[1]!.hand(1, "second")]);
  await until(() => peers().every(Boolean));
  const again = { have: { "memif/0": "first 0" }, packets: false, only: ["memif"] };
  t.deepEqual(asked.slice(1, 3), [again, again]);
  sides[0]!.server.close();
  await until(() => !peers()[0]);
  sides[0]!.serve();
  const count = asked.length;
  answers.push(() => [sides[0]!.hand(0, "third")]);
  await until(() => peers().every(Boolean));
  t.deepEqual(asked[count]!.have, { "memif/1": "second" });
});

need("python3").test("a memif is handed over once for each handshake, however long VPP takes for it", async (t) => {
  const [side, vpp] = [memifSide(t), await silentMemif(t)];
  const { ends, asked, peers, answers } = await attached([side], [() => [side.hand(0, "first")]]);
  t.teardown(() => ends.close());
  await until(() => peers()[0] === true);
  answers.push(() => [vpp.hand(0, "second")]);
  side.server.close();
  await until(() => asked.length >= 4);
  t.deepEqual(
    asked.slice(1, 4).map(({ have }) => have),
    [{}, { "memif/0": "second" }, { "memif/0": "second" }],
  );
  vpp.hangUp();
  await until(() => !("memif/0" in asked.at(-1)!.have));
});

test("a memif whose VPP goes before the handshake is requested again", async (t) => {
  const side = memifSide(t);
  const handed = side.hand(0, "first");
  side.server.close();
  const { ends, asked, peers, answers } = await attached([side], [() => [handed]]);
  t.teardown(() => ends.close());
  side.serve();
  answers.push(() => [side.hand(0, "second")]);
  await until(() => peers()[0] === true);
  t.deepEqual(asked[1], { have: {}, packets: false, only: ["memif"] });
});

test("a memif that the program has closed by itself does not keep another one from its VPP, and is requested no more", async (t) => {
  const sides = [memifSide(t), memifSide(t)];
  const both = (life: string) => sides.map((side, index) => side.hand(index, `${life} ${index}`));
  const answers = [() => both("first")];
  const { ends, asked, peers } = await attached(sides, answers);
  t.teardown(() => ends.close());
  await until(() => peers().every(Boolean));
  const [port] = ends.ports;
  if (port?.kind === "memif") port.memif.close();
  sides[1]!.server.close();
  await until(() => !peers()[1]);
  sides[1]!.serve();
  answers.push(() => both("second"));
  await until(() => peers()[1] === true);
  t.deepEqual(asked[1]!.have, {});
  const count = asked.length;
  sides[1]!.server.close();
  await until(() => !peers()[1]);
  sides[1]!.serve();
  answers.push(() => [sides[1]!.hand(1, "third")]);
  await until(() => peers()[1] === true);
  const later = asked.slice(count).map(({ have }) => have);
  t.deepEqual(
    later,
    later.map(() => ({ "memif/0": "second 0" })),
  );
});

test("a connection that comes after the ends were closed is closed, and nothing is requested over it", async (t) => {
  const side = memifSide(t);
  const late: Handed[] = [];
  const answers = [() => [side.hand(0, "first")]];
  const { ends, asked, peers } = await attached([side], answers);
  await until(() => peers().every(Boolean));
  side.server.close();
  await until(() => !peers()[0]);
  side.serve();
  answers.push(() => {
    late.push(side.hand(0, "late"));
    ends.close();
    return late;
  });
  await until(() => late.length === 1 && !late[0]!.descriptor.isOpen);
  t.is(asked.length, 2);
});

test("while VPP has no socket the paths are opened, and another error is the program's", async (t) => {
  for (const code of ["ENOENT", "ECONNREFUSED"]) {
    const side = memifSide(t);
    const absent = () => {
      throw new PuntError("descriptor.connect", code, "no socket");
    };
    const { ends, asked, peers } = await attached([side], [absent]);
    await until(() => peers().every(Boolean));
    t.is(asked.length, 1);
    ends.close();
  }
  const taken = () => {
    throw new PuntError("descriptor.bind", "EADDRINUSE", "taken");
  };
  await t.throwsAsync(attached([memifSide(t)], [taken]), { code: "EADDRINUSE" });
});

test("an end that is not handed over is opened by its path, beside an end that is", async (t) => {
  const [memif, socket] = [memifSide(t), socketSide(t)];
  const { ends, peers } = await attached([memif, socket], [() => [socket.socket(1, "s")]]);
  t.teardown(() => ends.close());
  await until(() => peers()[0] === true);
  const [, port] = ends.ports;
  t.is(port?.kind === "af-unix" && port.socket.stats().connected, true);
});

test("where an end cannot be opened all are closed", async (t) => {
  const [memif, socket] = [memifSide(t), socketSide(t)];
  const first = memif.hand(0, "a");
  const wrong = { ...socket.inject(1, "b"), kind: "socket" as const };
  wrong.descriptor.close();
  await t.throwsAsync(attached([memif, socket], [() => [first, wrong]]));
  t.false(first.descriptor.isOpen);
  await until(() => memif.server.peer === undefined);
});

test("where one end cannot be opened, all that the daemon handed over is closed", async (t) => {
  const sides = [memifSide(t), memifSide(t)];
  const handed = sides.map((side, index) => side.hand(index, "a"));
  handed[0]!.descriptor.close();
  await t.throwsAsync(attached(sides, [() => handed]), { instanceOf: PuntError });
  t.deepEqual(
    handed.map(({ descriptor }) => descriptor.isOpen),
    [false, false],
  );
});

test("a memif is not requested again once it is connected, or its ends are closed", async (t) => {
  const side = memifSide(t);
  const { ends, asked, peers, answers } = await attached([side], [() => [side.hand(0, "first")]]);
  await until(() => peers()[0] === true);
  side.server.close();
  await until(() => peers()[0] === false);
  side.serve();
  answers.push(() => [side.hand(0, "second")]);
  await until(() => peers()[0] === true);
  const count = asked.length;
  // The next request would come after 200 ms.
  await sleep(400);
  t.is(asked.length, count);
  side.server.close();
  await until(() => peers()[0] === false);
  ends.close();
  await sleep(400);
  t.is(asked.length, count);
});

test("an end of a kind that a later daemon hands over is closed, and the others are handed over", async (t) => {
  const folder = socketFolder(t);
  const ends = ["rope", "socket"].map((kind, interconnect) => ({ kind, interconnect, identity: kind }));
  const { hands } = handovers(t, () => ({
    bytes: encodeAttach({ ends, namespace: "" }),
    descriptors: ends.map(({ kind }) => bindPuntSocket({ path: join(folder, kind) })),
  }));
  const before = openDescriptors();
  const [got, ...more] = await hands.ends(ID, ENDS);
  t.like(got, { kind: "socket", interconnect: 1 });
  t.deepEqual(more, []);
  got!.descriptor.close();
  await until(() => openDescriptors() <= before);
});

test("a question with a part of a later version is refused by name, with the daemon's version", async (t) => {
  const { hands } = handovers(t, ({ bytes }) => {
    decodeQuestion(bytes);
    return NOTHING;
  });
  const message = new RegExp(`a question of attach.sock, as version ${packageVersion()} knows it \\(.*"pause"`);
  await t.throwsAsync(hands.ends(ID, { ...ENDS, pause: true } as never), { code: "ERR_PROTOCOL", message });
});
