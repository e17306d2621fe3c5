// The window after requests that ended without an answer: their places come back, each once.
import test, { type ExecutionContext } from "ava";
import type { Vpp } from "../../lib/binapi/client.js";
import { code, pair, until } from "../support/vpp/client-pair.js";
import type { FakeRequest, FakeVpp } from "../support/vpp/fake.js";

const WINDOW = 4;
const TAG = { is_add: true, tag: "", sw_if_index: 1 };
const CALL = "sw_interface_tag_add_del";
const ANSWER = "sw_interface_tag_add_del_reply";

/** Requests that VPP has and has not answered. */
function holding(server: FakeVpp): FakeRequest[] {
  const held: FakeRequest[] = [];
  server.handler = (request) => void held.push(request);
  return held;
}

/**
 * Asserts that `window` calls go to VPP and no more; that each answer lets one more go; and that nothing is left behind.
 */
async function requireWhole(t: ExecutionContext, server: FakeVpp, client: Vpp, what: string): Promise<void> {
  t.is(client.waiting, 0, what);
  const held = holding(server);
  const calls = Array.from({ length: WINDOW + 2 }, () => client.call(CALL, TAG));
  await until(() => held.length === WINDOW);
  // VPP has a ping only when a place is free: it comes last of all, and VPP answers it at once.
  const ping = client.call("control_ping");
  let isPinged = false;
  void ping.then(() => {
    isPinged = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.deepEqual([held.length, isPinged, client.waiting], [WINDOW, false, WINDOW + 3], what);
  held.shift()!.reply(ANSWER, { retval: 0 });
  await until(() => held.length === WINDOW);
  t.false(isPinged, what);
  held.shift()!.reply(ANSWER, { retval: 0 });
  await until(() => held.length === WINDOW);
  t.false(isPinged, what);
  held.shift()!.reply(ANSWER, { retval: 0 });
  await ping;
  for (const request of held.splice(0)) request.reply(ANSWER, { retval: 0 });
  await Promise.all(calls);
  t.is(client.waiting, 0, what);
}

/** A thousand requests of VPP that end without its answer, at most as many at a time as the queue holds. */
const ENDS: Readonly<Record<string, (client: Vpp, turn: number) => Promise<string>>> = {
  "time out": (client) => code(client.call(CALL, TAG, { timeout: 1 })),
  "time out behind a fence that VPP answers": (client) => code(client.call(CALL, TAG, { timeout: 1, fenced: true })),
  "are aborted, before or after they are sent": async (client, turn) => {
    const ending = new AbortController();
    const ended = code(client.call(CALL, TAG, { signal: ending.signal }));
    if (turn % 2 === 0) setImmediate(() => ending.abort());
    else ending.abort();
    return ended;
  },
  "are dumps that time out": (client) => code(client.dumpAll("lcp_itf_pair_get", {}, { timeout: 1 })),
  "are dumps that are aborted, with their pings": async (client) => {
    const ending = new AbortController();
    const ended = code(client.dumpAll("l2_xconnect_dump", {}, { signal: ending.signal }));
    ending.abort();
    return ended;
  },
  "are loops over a dump that are left at once": async (client) => {
    const details = client.dump("l2_xconnect_dump");
    const [next] = await Promise.all([details.next(), details.return!()]);
    return String(next.done);
  },
  "are answered with a message that cannot be its answer": (client) => code(client.call("show_version")),
};
const CODES: Readonly<Record<string, RegExp>> = {
  "time out": /^ERR_TIMEOUT$/,
  "time out behind a fence that VPP answers": /^ERR_(TIMEOUT|NO_REPLY)$/,
  "are dumps that time out": /^ERR_TIMEOUT$/,
  "are loops over a dump that are left at once": /^true$/,
  "are answered with a message that cannot be its answer": /^ERR_UNEXPECTED_REPLY$/,
};
const REQUESTS = 1000;

/** Answers no request but one, and that with another message. */
function answerWrongly(server: FakeVpp): void {
  server.handler = ({ name, reply }) => {
    if (name === "show_version") reply(ANSWER, { retval: 0 });
  };
}

for (const [end, work] of Object.entries(ENDS))
  test.serial(`after ${REQUESTS} requests that ${end}, the window is whole`, async (t) => {
    const [server, client] = await pair(t, { window: WINDOW });
    answerWrongly(server);
    const codes = await Promise.all(Array.from({ length: REQUESTS }, (_, turn) => work(client, turn)));
    const expected = CODES[end] ?? /^ERR_ABORTED$/;
    t.deepEqual(
      codes.filter((one) => !expected.test(one)),
      [],
    );
    await client.call("control_ping");
    await requireWhole(t, server, client, end);
  });

test.serial(
  "of many waiting requests that are aborted, in any order, none is sent, and each other one is, in its order",
  async (t) => {
    const [server, client] = await pair(t, { window: WINDOW });
    const sent: string[] = [];
    const answers: (() => void)[] = [];
    server.handler = ({ value, reply }) => {
      sent.push(value.cmd as string);
      answers.push(() => reply("cli_inband_reply", { retval: 0, reply: "" }));
    };
    const waiting = Array.from({ length: 200 }, (_, index) => {
      const ending = new AbortController();
      // Of different lengths.
      const cmd = `${index} ${"x".repeat(index % 7)}`;
      const answered = client.call("cli_inband", { cmd }, { signal: ending.signal });
      return { cmd, ending, answered };
    });
    await until(() => sent.length === WINDOW);
    // 5 and 196 have no common divisor: each of the others comes up once, in a mixed order.
    const others = waiting.slice(WINDOW);
    const mixed = others.map((_, index) => others[(index * 5) % others.length]!);
    const aborted = new Set(mixed.slice(0, 150));
    for (const { ending } of aborted) ending.abort();
    for (const { answered } of aborted) await t.throwsAsync(answered, { code: "ERR_ABORTED" });
    const answering = setInterval(() => {
      for (const answer of answers.splice(0)) answer();
    }, 2);
    t.teardown(() => clearInterval(answering));
    const kept = waiting.filter((it) => !aborted.has(it));
    await Promise.all(kept.map(({ answered }) => answered));
    t.deepEqual(
      sent,
      kept.map(({ cmd }) => cmd),
    );
  },
);

test.serial("the window is whole after answers that come when their requests have ended", async (t) => {
  const [server, client] = await pair(t, { window: WINDOW });
  const held = holding(server);
  const codes = Array.from({ length: REQUESTS }, () => code(client.call(CALL, TAG, { timeout: 1 })));
  t.deepEqual(new Set(await Promise.all(codes)), new Set(["ERR_TIMEOUT"]));
  for (const request of held) for (let twice = 0; twice < 2; twice++) request.reply(ANSWER, { retval: 0 });
  await client.call("control_ping");
  await requireWhole(t, server, client, "late answers");
});

test.serial("the window is whole after a reconnect, whatever was in it and in the queue", async (t) => {
  const [server, client] = await pair(t, { window: WINDOW });
  for (let round = 0; round < 3; round++) {
    const held = holding(server);
    const ending = new AbortController();
    const lost = Array.from({ length: 100 }, (_, index) =>
      code(client.call(CALL, TAG, index % 3 === 0 ? { signal: ending.signal } : {})),
    );
    const dumps = Array.from({ length: 20 }, () => code(client.dumpAll("l2_xconnect_dump")));
    await until(() => held.length === WINDOW);
    ending.abort();
    await until(() => held.length >= WINDOW);
    server.kill();
    const codes = new Set(await Promise.all([...lost, ...dumps]));
    t.deepEqual(codes, new Set(["ERR_ABORTED", "ERR_DISCONNECTED"]));
    await server.listen();
    await client.connected();
    await requireWhole(t, server, client, `round ${round}`);
  }
});
