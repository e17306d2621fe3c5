// Events, and subscriptions over lost connections.
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { setImmediate } from "node:timers/promises";
import test from "ava";
import { Schema } from "../../lib/binapi/schema.js";
import { ownFields } from "../../lib/binapi/subscriptions.js";
import { code, pair, until } from "../support/vpp/client-pair.js";

test.serial("events come through a bounded queue that counts what it loses", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ name, reply }) => reply(`${name}_reply`, { retval: 0 });
  const events = await vpp.subscribe("want_interface_events", {}, undefined, { queueLimit: 3 });
  const second = await vpp.subscribe("want_interface_events");
  t.is(server.seen.filter((name) => name === "want_interface_events").length, 1);
  for (let i = 0; i < 5; i++) {
    server.broadcast("sw_interface_event", { pid: 1, sw_if_index: i, flags: [], deleted: false });
  }
  await vpp.call("control_ping");
  t.is(events.dropped, 2);
  t.is(((await events.next()).value as { sw_if_index: number }).sw_if_index, 2);
  await second.close();
  await events.close();
  t.is(server.seen.filter((name) => name === "want_interface_events").length, 2);
  t.true((await events.next()).done);
});

test.serial("a connection lost during the renewal of subscriptions leads to one reconnect and one event", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ name, reply }) => reply(`${name}_reply`, { retval: 0 });
  await vpp.subscribe("want_interface_events");
  let connected = 0;
  let disconnected = 0;
  vpp.on("connected", () => connected++);
  vpp.on("disconnected", () => disconnected++);
  let losses = 3;
  server.handler = ({ name, reply }) => {
    if (losses-- > 0) for (const socket of server.sockets) socket.destroy();
    else reply(`${name}_reply`, { retval: 0 });
  };
  for (const socket of server.sockets) socket.destroy();
  await until(() => connected > 0);
  await vpp.call("control_ping");
  t.is(connected, 1);
  t.is(disconnected, 1);
  t.is(server.sockets.size, 1);
});

test.serial(
  "a subscription that the new VPP refuses ends with its error; the connection and the others live",
  async (t) => {
    const [server, vpp] = await pair(t);
    server.handler = ({ name, reply }) => reply(`${name}_reply`, { retval: 0 });
    const interfaces = await vpp.subscribe("want_interface_events");
    const refused = await vpp.subscribe("want_interface_events", { pid: 2 });
    const pending = code(refused.next());
    server.handler = ({ name, value, reply }) => reply(`${name}_reply`, { retval: value.pid === 2 ? -1 : 0 });
    for (const socket of server.sockets) socket.destroy();
    await once(vpp, "disconnected");
    await vpp.connected();
    t.is(await pending, "VPP_UNSPECIFIED");
    t.true((await refused.next()).done);
    server.broadcast("sw_interface_event", { pid: 1, sw_if_index: 7, flags: [], deleted: true });
    t.is(((await interfaces.next()).value as { sw_if_index: number }).sw_if_index, 7);
  },
);

test.serial(
  "subscriptions with other fields are requests of their own; VPP's refusal reaches all that share a request",
  async (t) => {
    const [server, vpp] = await pair(t);
    const asked: unknown[] = [];
    server.handler = ({ name, value, reply }) => {
      asked.push([value.enable_disable, value.pid]);
      reply(`${name}_reply`, { retval: value.pid === 3 ? -2 : 0 });
    };
    const subscribe = (pid: number) => vpp.subscribe("want_interface_events", { pid });
    const [one, two] = await Promise.all([subscribe(1), subscribe(2)]);
    const refused = [code(subscribe(3)), code(subscribe(3))];
    t.deepEqual(await Promise.all(refused), ["VPP_INVALID_SW_IF_INDEX", "VPP_INVALID_SW_IF_INDEX"]);
    await one.close();
    t.deepEqual(asked, [
      [1, 1],
      [1, 2],
      [1, 3],
      [0, 1],
    ]);
    await two.close();
  },
);

test("the client turns events on by the switch that the request has, a flag or a number", (t) => {
  const header = [
    ["u16", "_vl_msg_id"],
    ["u32", "client_index"],
    ["u32", "context"],
  ];
  const want = (name: string, type: string, field: string) => [name, ...header, [type, field], ["u32", "pid"], CRC];
  const messages = [
    want("want_bfd_events", "bool", "enable_disable"),
    want("want_igmp_events", "u32", "enable"),
    want("want_dhcp6_reply_events", "u8", "enable_disable"),
  ];
  const none = { types: [], unions: [], enums: [], services: {}, aliases: {} };
  const values = Schema.fromApiJson([{ ...none, messages }])
    .messages()
    .map((message) => {
      const value = ownFields(message);
      t.deepEqual(message.decode(message.encode(value)), value);
      return value;
    });
  const { pid } = process;
  t.deepEqual(values, [
    { enable_disable: true, pid },
    { enable: 1, pid },
    { enable_disable: 1, pid },
  ]);
  t.deepEqual(ownFields(Schema.builtin().message("show_version")), {});
});

const CRC = { crc: "0x01234567" };

test.serial("a request that has no switch is not repeated when its subscription ends", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ name, reply }) => reply(`${name}_reply`, { retval: 0 });
  // As want_ping_finished_events: the request is the action whose end the event tells.
  const lease = await vpp.subscribe("lcp_default_ns_set", { netns: "" }, "dhcp_compl_event");
  await lease.close();
  await vpp.call("control_ping");
  t.is(server.seen.filter((name) => name === "lcp_default_ns_set").length, 1);
});

test.serial("an event that cannot be decoded ends its subscriptions, not the connection", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ name, reply }) => reply(`${name}_reply`, { retval: 0 });
  const events = await vpp.subscribe("want_interface_events");
  server.broadcast("sw_interface_event", { pid: 1, sw_if_index: 1, flags: [], deleted: false });
  const frame = server.frame("sw_interface_event", { pid: 1, sw_if_index: 2, flags: [], deleted: false });
  const cut = frame.slice(0, -3);
  new DataView(cut.buffer).setUint32(8, cut.length - 16);
  for (const socket of server.sockets) socket.write(cut);
  await vpp.call("control_ping");
  t.is(((await events.next()).value as { sw_if_index: number }).sw_if_index, 1);
  t.is(await code(events.next()), "ERR_TRUNCATED");
  t.true((await events.next()).done);
  t.true(vpp.isConnected);
});

test.serial(
  "what a listener of connected or disconnected throws is uncaught, and the connection comes back",
  async (t) => {
    const [server, vpp] = await pair(t);
    const thrown: unknown[] = [];
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => thrown.push(error.message));
    t.teardown(() => {
      process.removeAllListeners("uncaughtException");
      for (const other of others) process.on("uncaughtException", other);
    });
    for (const name of ["connected", "disconnected"] as const) {
      vpp.on(name, () => {
        throw new Error(name);
      });
    }
    for (const socket of server.sockets) socket.destroy();
    await until(() => thrown.length === 2);
    await vpp.call("control_ping");
    t.deepEqual(thrown, ["disconnected", "connected"]);
    t.is(server.sockets.size, 1);
  },
);

test.serial("options of subscriptions are checked, and so are names of events", async (t) => {
  const [, vpp] = await pair(t);
  for (const options of [{ queueLimit: 0 }, { queueLimit: 1.5 }, { limit: 3 }] as object[]) {
    t.is(await code(vpp.subscribe("want_interface_events", {}, undefined, options)), "ERR_OPTION");
    t.throws(() => vpp.listen("dhcp_compl_event", options), { code: "ERR_OPTION" });
  }
  t.throws(() => vpp.listen("dhcp_complete_event"), { code: "ERR_NO_EVENT" });
});

test.serial("a wait for a connection ends at an abort, and when the client is closed", async (t) => {
  const [server, vpp] = await pair(t);
  server.kill();
  await until(() => !vpp.isConnected);
  const abort = new AbortController();
  const aborted = code(vpp.connected(abort.signal));
  const closed = code(vpp.connected());
  abort.abort();
  t.is(await aborted, "ERR_ABORTED");
  await vpp.close();
  t.is(await closed, "ERR_CLOSED");
});

test.serial("a client that is closed during an attempt to reconnect says that it is closed", async (t) => {
  const [server, vpp] = await pair(t);
  server.kill();
  await until(() => !vpp.isConnected);
  // A VPP that accepts connections and does not answer: the attempt lasts until the close cuts it off.
  rmSync(server.socketPath, { force: true });
  const silent = createServer().listen(server.socketPath);
  t.teardown(() => silent.close());
  await once(silent, "connection");
  const closed = code(vpp.connected());
  await vpp.close();
  t.is(await closed, "ERR_CLOSED");
  await setImmediate();
  t.is(await code(vpp.call("control_ping")), "ERR_CLOSED");
});

test.serial("a subscription that timed out can be made again, although VPP has served it late", async (t) => {
  const [server, vpp] = await pair(t, { timeout: 200 });
  let isSilent = true;
  let isRegistered = false;
  // As VPP does: a second registration of the same client is refused.
  server.handler = ({ name, value, reply }) => {
    const isRefused = value.enable_disable !== 0 && isRegistered;
    isRegistered = value.enable_disable !== 0;
    if (isSilent) isSilent = false;
    else reply(`${name}_reply`, { retval: isRefused ? -31 : 0 });
  };
  t.is(await code(vpp.subscribe("want_interface_events")), "ERR_TIMEOUT");
  const events = await vpp.subscribe("want_interface_events");
  server.broadcast("sw_interface_event", { pid: 1, sw_if_index: 7, flags: [], deleted: false });
  t.is(((await events.next()).value as { sw_if_index: number }).sw_if_index, 7);
});

test.serial("connected() rejects after the loss when the client does not reconnect", async (t) => {
  const [server, vpp] = await pair(t, { reconnect: false });
  const lost = once(vpp, "disconnected");
  server.kill();
  await lost;
  t.is(await code(vpp.connected()), "ERR_DISCONNECTED");
});
