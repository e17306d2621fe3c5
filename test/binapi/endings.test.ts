// The ends of requests and attempts to connect: each takes with it what it began, and nothing else.
import { getEventListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/client.js";
import { code, pair, transport, until } from "../support/vpp/client-pair.js";
import { FakeVpp } from "../support/vpp/fake.js";

const TAG = { is_add: true, sw_if_index: 1, tag: "x" };
const ALL = { name_filter_valid: false, name_filter: "" };
const PAIR = { phy_sw_if_index: 1, host_sw_if_index: 0, vif_index: 0, host_if_name: "", host_if_type: 0, netns: "" };

/** A VPP whose answers to get_api_json wait for `answer`. */
async function slowVpp(t: ExecutionContext): Promise<{ server: FakeVpp; asked: (() => void)[]; isSlow: boolean }> {
  const server = await new FakeVpp().listen();
  t.teardown(() => server.close());
  const it = { server, asked: [] as (() => void)[], isSlow: true };
  server.handler = ({ name, reply }) => {
    if (name !== "get_api_json") return;
    const answer = () => reply("get_api_json_reply", { retval: 0, json: "[]" });
    if (it.isSlow) it.asked.push(answer);
    else answer();
  };
  return it;
}

test.serial("a client that is closed while it asks a new VPP for its definitions stays closed", async (t) => {
  const it = await slowVpp(t);
  const { server } = it;
  it.isSlow = false;
  const vpp = await Vpp.connect({ transport, socketPath: server.socketPath, reconnect: { min: 5, max: 20 } });
  it.isSlow = true;
  let connected = 0;
  vpp.on("connected", () => connected++);
  server.kill();
  // Another table, so that the client asks again.
  await server.listen({ table: (entries) => void entries.pop() });
  await until(() => it.asked.length > 0);
  await vpp.close();
  for (const answer of it.asked) answer();
  await until(() => server.sockets.size === 0);
  t.false(vpp.isConnected);
  t.is(connected, 0);
  t.is(await code(vpp.call("control_ping")), "ERR_CLOSED");
});

test.serial(
  "an attempt to connect is aborted while it asks VPP for its definitions, and at its time limit",
  async (t) => {
    const it = await slowVpp(t);
    const { socketPath } = it.server;
    const abort = new AbortController();
    const aborted = code(Vpp.connect({ transport, socketPath, timeout: 0, signal: abort.signal }));
    await until(() => it.asked.length > 0);
    abort.abort();
    t.is(await aborted, "ERR_ABORTED");
    t.is(await code(Vpp.connect({ transport, socketPath, timeout: 0, wait: 500 })), "ERR_TIMEOUT");
    await until(() => it.server.sockets.size === 0);
    t.is(it.server.seen.at(-1), "sockclnt_delete");
  },
);

test.serial("of many requests that are aborted together, no waiting request is sent", async (t) => {
  const [server, vpp] = await pair(t, { window: 4 });
  const abort = new AbortController();
  const aborted = Array.from({ length: 100 }, () =>
    code(vpp.call("sw_interface_tag_add_del", TAG, { signal: abort.signal })),
  );
  await until(() => server.seen.filter((name) => name === "sw_interface_tag_add_del").length === 4);
  // Node warns of more than ten.
  t.is(getEventListeners(abort.signal, "abort").length, 1);
  abort.abort();
  t.deepEqual(new Set(await Promise.all(aborted)), new Set(["ERR_ABORTED"]));
  t.is(getEventListeners(abort.signal, "abort").length, 0);
  await vpp.call("control_ping", {}, { signal: new AbortController().signal });
  t.is(server.seen.filter((name) => name === "sw_interface_tag_add_del").length, 4);
});

test.serial("of many requests that time out together, no waiting request is sent", async (t) => {
  const [server, vpp] = await pair(t, { window: 4 });
  const late = Array.from({ length: 100 }, () => code(vpp.call("sw_interface_tag_add_del", TAG, { timeout: 100 })));
  t.deepEqual(new Set(await Promise.all(late)), new Set(["ERR_TIMEOUT"]));
  await vpp.call("control_ping");
  t.is(server.seen.filter((name) => name === "sw_interface_tag_add_del").length, 4);
});

test.serial("requests that time out while the socket is full are not sent when it has room again", async (t) => {
  const [server, vpp] = await pair(t, { window: 8 });
  for (const socket of server.sockets) socket.pause();
  const cmd = "x".repeat(20_000);
  const ask = () => code(vpp.call("cli_inband", { cmd }, { timeout: 1 }));
  for (let round = 0; round < 30; round++)
    t.deepEqual(new Set(await Promise.all(Array.from({ length: 8 }, ask))), new Set(["ERR_TIMEOUT"]));
  for (const socket of server.sockets) socket.resume();
  await vpp.call("control_ping");
  // The kernel holds some 20 of them, and a window of the client's more.
  const sent = server.seen.filter((name) => name === "cli_inband").length;
  t.true(sent > 0 && sent < 120, `${sent} of 240`);
});

test.serial("the ping behind a dump does not time out while details come", async (t) => {
  const [server, vpp] = await pair(t, { window: 4 });
  server.handler = async ({ name, reply }) => {
    if (name !== "l2_xconnect_dump") return;
    for (let i = 0; i < 3; i++) {
      await delay(600);
      reply("l2_xconnect_details", { rx_sw_if_index: i, tx_sw_if_index: i });
    }
    pong();
  };
  const pong = server.holdPings();
  t.is((await vpp.dumpAll("l2_xconnect_dump", {}, { timeout: 1000 })).length, 3);
});

test.serial("the next request of a dump has the place of the last", async (t) => {
  const [server, vpp] = await pair(t, { queueLimit: 1 });
  server.handler = ({ value, reply }) => {
    const cursor = value.cursor as number;
    reply("lcp_itf_pair_details", PAIR);
    reply("lcp_itf_pair_get_reply", cursor < 3 ? { retval: -165, cursor: cursor + 1 } : { retval: 0, cursor: 0 });
  };
  t.is((await vpp.dumpAll("lcp_itf_pair_get")).length, 4);
  t.is(vpp.waiting, 0);
});

test.serial("a dump whose details have no definition is refused, and not empty", async (t) => {
  const table = (entries: { name: string }[]) => {
    for (const entry of entries)
      if (entry.name.startsWith("lcp_itf_pair_details_")) entry.name = "lcp_itf_pair_details_01234567";
  };
  const [server, vpp] = await pair(t, {}, { table });
  const lacking = transport === "vapi" ? "ERR_MESSAGE_MISSING" : "ERR_CRC_MISMATCH";
  t.is(await code(vpp.dumpAll("lcp_itf_pair_get")), lacking);
  t.false(server.seen.includes("lcp_itf_pair_get"));
});

test.serial(
  "a request that the value of another one sends is refused, and the stream of requests stays whole",
  async (t) => {
    const [server, vpp] = await pair(t, { window: 2 });
    const held: (() => void)[] = [];
    server.handler = ({ reply }) => held.push(() => reply("sw_interface_tag_add_del_reply", { retval: 0 }));
    const abort = new AbortController();
    const call = (value = TAG) => vpp.call("sw_interface_tag_add_del", value, { signal: abort.signal });
    const sent = [call(), call()].map(code);
    const waiting = [call(), call(), call()].map(code);
    const inner: Promise<string>[] = [];
    const outer = vpp.call("sw_interface_tag_add_del", {
      ...TAG,
      get tag() {
        inner.push(code(vpp.call("control_ping")), code(vpp.dumpAll("sw_interface_dump", ALL)));
        abort.abort();
        return "x";
      },
    });
    t.deepEqual(await Promise.all(inner), ["ERR_INVALID_VALUE", "ERR_INVALID_VALUE"]);
    t.deepEqual(await Promise.all([...sent, ...waiting]), Array(5).fill("ERR_ABORTED"));
    server.handler = ({ reply }) => reply("sw_interface_tag_add_del_reply", { retval: 0 });
    for (const answer of held) answer();
    t.deepEqual(await outer, { retval: 0 });
    t.like(await vpp.call("control_ping"), { retval: 0 });
  },
);

test.serial("an error of a request has the frames of the functions that wait for it", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ reply }) => reply("sw_interface_tag_add_del_reply", { retval: -2 });
  async function tagsIt() {
    await vpp.call("sw_interface_tag_add_del", TAG);
  }
  async function dumpsIt() {
    await vpp.dumpAll("sw_interface_dump", ALL, { timeout: 1 });
  }
  async function iteratesIt() {
    for await (const _ of vpp.dump("sw_interface_dump", ALL, { timeout: 1 })) t.fail();
  }
  t.regex((await t.throwsAsync(tagsIt()))!.stack!, /PuntError: .*INVALID_SW_IF_INDEX.*at async tagsIt /s);
  server.holdPings();
  server.handler = () => {};
  t.regex((await t.throwsAsync(dumpsIt()))!.stack!, /no answer.*at async dumpsIt /s);
  t.regex((await t.throwsAsync(iteratesIt()))!.stack!, /no answer.*at async iteratesIt /s);
});
