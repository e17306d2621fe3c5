// The client against a fake VPP: calls, dumps, limits, timeouts, connections.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import test from "ava";
import { Vpp, type VppOptions } from "../../lib/binapi/client.js";
import { traceLine } from "../../lib/binapi/trace.js";
import type { PuntError } from "../../lib/errors.js";
import { heapAfterGc } from "../support/machine/heap.js";
import { uncaughtDuring } from "../support/machine/uncaught.js";
import { code, pair, transport, until } from "../support/vpp/client-pair.js";
import { FakeVpp } from "../support/vpp/fake.js";

const TAG = { is_add: true, sw_if_index: 1, tag: "x" };

test.serial("a call resolves with the reply, a retval rejects with VPP's name and number", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ value, reply }) =>
    reply("sw_interface_tag_add_del_reply", { retval: value.sw_if_index === 1 ? 0 : -2 });
  t.deepEqual(await vpp.call("sw_interface_tag_add_del", TAG), { retval: 0 });
  const error = await t.throwsAsync<PuntError>(vpp.call("sw_interface_tag_add_del", { ...TAG, sw_if_index: 9 }));
  t.is(error!.code, "VPP_INVALID_SW_IF_INDEX");
  t.is(error!.details.retval, -2);
  t.is(vpp.waiting, 0);
});

test.serial("answers are matched by context, in any order", async (t) => {
  const [server, vpp] = await pair(t);
  const held: (() => void)[] = [];
  server.handler = ({ value, reply }) => {
    held.push(() => reply("create_loopback_instance_reply", { retval: 0, sw_if_index: value.user_instance as number }));
    if (held.length === 100) for (const answer of held.reverse()) answer();
  };
  const request = (user_instance: number) =>
    vpp.call("create_loopback_instance", { mac_address: "00:00:00:00:00:00", is_specified: true, user_instance });
  const replies = await Promise.all(Array.from({ length: 100 }, (_, i) => request(i)));
  t.deepEqual(
    replies.map((reply) => reply.sw_if_index),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test.serial("a bad value is rejected at once and sends nothing", async (t) => {
  const [server, vpp] = await pair(t);
  const error = await t.throwsAsync<PuntError>(vpp.call("sw_interface_tag_add_del", { ...TAG, sw_if_index: -1 }));
  t.is(error!.code, "ERR_INVALID_VALUE");
  t.is(error!.details.path, "sw_if_index");
  await vpp.call("control_ping");
  t.false(server.seen.includes("sw_interface_tag_add_del"));
  t.is(vpp.waiting, 0);
});

test.serial(
  "a message that VPP lacks, has with another CRC, or has in another version gives an error of its own",
  async (t) => {
    const table = (entries: { name: string }[]) => {
      for (const entry of entries) if (entry.name.startsWith("memif_delete_")) entry.name = "memif_delete_01234567";
    };
    const [, vpp] = await pair(t, {}, { release: "22.02", table });
    const other = await t.throwsAsync<PuntError>(vpp.call("memif_create_v2" as string));
    t.is(other!.code, "ERR_OTHER_VERSION");
    t.regex(other!.message, /has no message memif_create_v2, but it has memif_create$/);
    const crc = await t.throwsAsync<PuntError>(vpp.call("memif_delete", { sw_if_index: 1 }));
    if (transport === "vapi") {
      // libvapiclient finds messages by name and CRC, and lists no others.
      t.is(crc!.code, "ERR_MESSAGE_MISSING");
      t.regex(crc!.message, /has no message memif_delete, .* known here with CRC f9e6675e/);
    } else {
      t.is(crc!.code, "ERR_CRC_MISMATCH");
      t.regex(
        crc!.message,
        /has memif_delete with CRC 01234567; the definitions here are of CRC f9e6675e \(built in\)/,
      );
    }
    const missing = await t.throwsAsync<PuntError>(vpp.call("lcp_osi_proto_enable", { osi_proto: 1 }));
    t.is(missing!.code, "ERR_MESSAGE_MISSING");
    t.regex(missing!.message, /which is of lcp\.api and known here with CRC bdd70c87/);
    t.true(vpp.has("memif_create"));
    t.false(vpp.has("memif_create_v2"));
  },
);

test.serial("a dump streams its details and ends at the ping behind it", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ reply }) => {
    for (let i = 0; i < 5; i++) reply("l2_xconnect_details", { rx_sw_if_index: i, tx_sw_if_index: i });
  };
  const seen: unknown[] = [];
  for await (const details of vpp.dump("l2_xconnect_dump")) seen.push(details.rx_sw_if_index);
  t.deepEqual(seen, [0, 1, 2, 3, 4]);
  t.is((await vpp.dumpAll("l2_xconnect_dump")).length, 5);
  t.is(vpp.waiting, 0);
});

test.serial("a loop that leaves a dump early cancels it", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ reply }) => {
    for (let i = 0; i < 5; i++) reply("l2_xconnect_details", { rx_sw_if_index: i, tx_sw_if_index: i });
  };
  for await (const details of vpp.dump("l2_xconnect_dump")) {
    t.is(details.rx_sw_if_index, 0);
    break;
  }
  await vpp.call("control_ping");
  t.is(vpp.waiting, 0);
});

test.serial("a cursor is followed", async (t) => {
  const [server, vpp] = await pair(t);
  const details = { host_sw_if_index: 0, vif_index: 0, host_if_name: "", host_if_type: 0, netns: "" };
  server.handler = ({ value, reply }) => {
    const cursor = value.cursor as number;
    reply("lcp_itf_pair_details", { phy_sw_if_index: cursor, ...details });
    reply(
      "lcp_itf_pair_get_reply",
      cursor < 3 ? { retval: -165, cursor: cursor + 1 } : { retval: 0, cursor: 0xffffffff },
    );
  };
  const pairs = await vpp.dumpAll("lcp_itf_pair_get");
  t.deepEqual(
    pairs.map((one) => one.phy_sw_if_index),
    [0, 1, 2, 3],
  );
});

test.serial("a request that VPP does not answer fails at the fence, at its timeout, or when aborted", async (t) => {
  const [, vpp] = await pair(t);
  t.is(await code(vpp.call("sw_interface_tag_add_del", TAG, { fenced: true })), "ERR_NO_REPLY");
  t.is(await code(vpp.call("sw_interface_tag_add_del", TAG, { timeout: 30 })), "ERR_TIMEOUT");
  const abort = new AbortController();
  const call = vpp.call("sw_interface_tag_add_del", TAG, { signal: abort.signal });
  abort.abort(new Error("enough"));
  const error = await t.throwsAsync<PuntError>(call);
  t.is(error!.code, "ERR_ABORTED");
  t.is((error!.cause as Error).message, "enough");
  t.is(await code(vpp.call("sw_interface_tag_add_del", TAG, { signal: abort.signal })), "ERR_ABORTED");
  t.is(vpp.waiting, 0);
});

test.serial("the timeout of a dump counts from the last details", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = async ({ name, reply }) => {
    if (name !== "lcp_itf_pair_get") return;
    const details = { host_sw_if_index: 0, vif_index: 0, host_if_name: "", host_if_type: 0, netns: "" };
    for (let i = 0; i < 5; i++) {
      await delay(300);
      reply("lcp_itf_pair_details", { phy_sw_if_index: i, ...details });
    }
    reply("lcp_itf_pair_get_reply", { retval: 0, cursor: 0 });
  };
  t.is((await vpp.dumpAll("lcp_itf_pair_get", {}, { timeout: 1000 })).length, 5);
});

test.serial(
  "no more requests are with VPP than the window; what is aborted while it waits is never sent",
  async (t) => {
    const [server, vpp] = await pair(t, { window: 4 });
    const held: (() => void)[] = [];
    server.handler = ({ reply }) => void held.push(() => reply("sw_interface_tag_add_del_reply", { retval: 0 }));
    const abort = new AbortController();
    const first = Array.from({ length: 6 }, () => vpp.call("sw_interface_tag_add_del", TAG));
    const aborted = vpp.call("delete_loopback", { sw_if_index: 1 }, { signal: abort.signal });
    const last = vpp.call("sw_interface_tag_add_del", TAG);
    await until(() => held.length === 4);
    abort.abort();
    t.is(await code(aborted), "ERR_ABORTED");
    const answering = setInterval(() => {
      for (const answer of held.splice(0)) answer();
    }, 5);
    await Promise.all([...first, last]);
    clearInterval(answering);
    t.false(server.seen.includes("delete_loopback"));
    t.is(server.seen.filter((name) => name === "sw_interface_tag_add_del").length, 7);
  },
);

test.serial("the queue is bounded", async (t) => {
  const [, vpp] = await pair(t, { window: 2, queueLimit: 3 });
  const calls = Array.from({ length: 3 }, () => code(vpp.call("sw_interface_tag_add_del", TAG)));
  t.is(await code(vpp.call("sw_interface_tag_add_del", TAG)), "ERR_QUEUE_FULL");
  await vpp.close();
  t.deepEqual(await Promise.all(calls), ["ERR_CLOSED", "ERR_CLOSED", "ERR_CLOSED"]);
});

test.serial("a dump is refused as a whole if its ping has no room, and so is a fenced call", async (t) => {
  const [server, vpp] = await pair(t, { queueLimit: 2 });
  const call = code(vpp.call("sw_interface_tag_add_del", TAG));
  const places = { code: "ERR_QUEUE_FULL", message: /1 requests of at most 2 .* takes 2 places/ };
  await t.throwsAsync(vpp.dumpAll("l2_xconnect_dump"), places);
  t.is(await code(vpp.call("sw_interface_tag_add_del", TAG, { fenced: true })), "ERR_QUEUE_FULL");
  t.is(vpp.waiting, 1);
  await vpp.call("control_ping");
  t.deepEqual(server.seen.slice(-2), ["sw_interface_tag_add_del", "control_ping"]);
  await vpp.close();
  t.is(await call, "ERR_CLOSED");
});

test.serial("a queue limit above the number of contexts is refused", async (t) => {
  await t.throwsAsync(Vpp.connect({ queueLimit: 131_073 }), { code: "ERR_OPTION" });
  await t.throwsAsync(Vpp.connect({ window: 131_073 }), { code: "ERR_OPTION" });
});

test.serial("the smallest window has room for a dump and the ping behind it", async (t) => {
  const [, vpp] = await pair(t, { window: 2 });
  t.deepEqual(await Promise.all([vpp.dumpAll("l2_xconnect_dump"), vpp.dumpAll("l2_xconnect_dump")]), [[], []]);
  await t.throwsAsync(Vpp.connect({ window: 1 }), { code: "ERR_OPTION", message: /window/ });
});

test.serial("details that are requested all at once come in order, and then the end", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ reply }) => {
    for (const rx_sw_if_index of [1, 2]) reply("l2_xconnect_details", { rx_sw_if_index, tx_sw_if_index: 0 });
  };
  const details = vpp.dump("l2_xconnect_dump");
  const results = await Promise.all([details.next(), details.next(), details.next(), details.next()]);
  t.deepEqual(
    results.map(({ done, value }) => (done ? "end" : (value as { rx_sw_if_index: number }).rx_sw_if_index)),
    [1, 2, "end", "end"],
  );
});

test.serial(
  "a lost connection rejects what waits, and comes back with subscriptions renewed and ids resolved again",
  async (t) => {
    const [server, vpp] = await pair(t);
    server.handler = ({ name, reply }) => {
      if (name === "want_interface_events") reply("want_interface_events_reply", { retval: 0 });
    };
    const events = await vpp.subscribe("want_interface_events");
    const waiting = Array.from({ length: 100 }, () =>
      t.throwsAsync<PuntError>(vpp.call("sw_interface_tag_add_del", TAG)),
    );
    const disconnected = new Promise<PuntError>((resolve) => vpp.once("disconnected", resolve));
    await until(() => server.seen.length > 101);
    server.kill();
    const cause = await disconnected;
    const details = { message: "sw_interface_tag_add_del" };
    const message = /: sw_interface_tag_add_del: .*: the connection was lost/;
    for (const error of await Promise.all(waiting)) {
      t.like(error, { code: "ERR_DISCONNECTED", details, cause });
      t.regex(error!.message, message);
    }
    t.is(await code(vpp.call("control_ping")), "ERR_DISCONNECTED");

    await server.listen({ firstId: 500 });
    await vpp.connected();
    server.broadcast("sw_interface_event", { pid: 1, sw_if_index: 7, flags: [], deleted: true });
    t.is(((await events.next()).value as { sw_if_index: number }).sw_if_index, 7);
    t.is(server.seen.filter((name) => name === "sw_interface_tag_add_del").length, 100);
  },
);

test.serial(
  "killed with 10,000 in flight, again and again: every promise settles once and nothing stays behind",
  async (t) => {
    const [server, vpp] = await pair(t, { window: 20_000 });
    const heap: number[] = [];
    for (let round = 0; round < 20; round++) {
      let settled = 0;
      const calls = Array.from({ length: 10_000 }, () =>
        vpp.call("sw_interface_tag_add_del", TAG).then(
          () => t.fail("answered"),
          (error: PuntError) => {
            settled++;
            return error.code;
          },
        ),
      );
      await delay(round);
      server.kill();
      const codes = await Promise.all(calls);
      t.is(settled, 10_000);
      t.true(codes.every((one) => one === "ERR_DISCONNECTED"));
      t.is(vpp.waiting, 0);
      await server.listen();
      await vpp.connected();
      server.seen.length = 0;
      heap.push(heapAfterGc());
    }
    t.true(heap.at(-1)! < heap[4]! + 1, heap.join(" "));
  },
);

test.serial("answers one byte at a time are the same answers", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = async ({ context, raw }) => {
    const bytes = server.frame("show_version_reply", { retval: 0, ...VERSION }, context);
    for (const byte of bytes) {
      raw(Uint8Array.of(byte));
      if (byte !== 0) await delay(0);
    }
  };
  t.deepEqual(await vpp.call("show_version"), { retval: 0, ...VERSION });
});

const VERSION = { program: "vpe", version: "26.06", build_date: "today", build_directory: "/" };

test.serial("an impossible frame ends the connection, not the process", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ raw }) => raw(new Uint8Array(16).fill(0xff));
  const error = await t.throwsAsync<PuntError>(vpp.call("show_version"));
  t.like(error, { code: "ERR_BAD_FRAME", op: "binapi.receive" });
  // libvapiclient does not tell the length.
  t.is(error!.details.length, transport === "vapi" ? undefined : 0xffffffff);
  const socket = /VPP sent a frame of 4294967295 bytes, which is not within 2\.\.268435456$/;
  t.regex(error!.message, transport === "vapi" ? /VPP sent a frame of an impossible length$/ : socket);
  await vpp.connected();
  await vpp.call("control_ping");
});

test.serial("a dump is not a call, a call is not a dump, and an answer is neither", async (t) => {
  const [, vpp] = await pair(t);
  const dumped = (name: string) => vpp.dumpAll(name);
  const called = (name: string) => vpp.call(name);
  const refusals: [Promise<unknown>, string, string, RegExp][] = [
    [called("l2_xconnect_dump"), "binapi.call", "ERR_NOT_A_CALL", /l2_xconnect_dump has many answers: use dump\(\)$/],
    [called("show_version_reply"), "binapi.call", "ERR_NOT_A_CALL", /is not a request that VPP answers$/],
    [dumped("show_version"), "binapi.dump", "ERR_NOT_A_DUMP", /show_version has one answer: use call\(\)$/],
    [dumped("show_version_reply"), "binapi.dump", "ERR_NOT_A_DUMP", /is not a request that VPP answers$/],
  ];
  for (const [refused, op, refusal, words] of refusals) {
    const error = await t.throwsAsync<PuntError>(refused);
    t.like(error, { op, code: refusal });
    t.regex(error!.message, words);
  }
  t.is(vpp.waiting, 0);
});

test.serial("a truncated answer rejects its request only", async (t) => {
  const [server, vpp] = await pair(t);
  server.handler = ({ context, raw }) => {
    const whole = server.frame("show_version_reply", { retval: 0, ...VERSION }, context);
    const cut = whole.slice(0, 50);
    new DataView(cut.buffer).setUint32(8, cut.length - 16);
    raw(cut);
  };
  const error = await t.throwsAsync<PuntError>(vpp.call("show_version"));
  t.is(error!.code, "ERR_TRUNCATED");
  await vpp.call("control_ping");
});

test.serial("without a VPP, connect fails at once, fails after a wait, or succeeds when VPP comes", async (t) => {
  const server = new FakeVpp();
  t.teardown(() => server.close());
  const options: VppOptions = { socketPath: server.socketPath, schema: "builtin", reconnect: { min: 5, max: 10 } };
  t.is(await code(Vpp.connect(options)), "ENOENT");
  t.is(
    await code(
      Vpp.connect({
        transport,
        ...options,
        wait: 200,
      }),
    ),
    "ENOENT",
  );
  const abort = new AbortController();
  const given = code(Vpp.connect({ transport, ...options, wait: true, signal: abort.signal }));
  await delay(30);
  abort.abort();
  t.is(await given, "ERR_ABORTED");
  const connecting = Vpp.connect({
    transport,
    ...options,
    wait: true,
  });
  await delay(30);
  await server.listen();
  const vpp = await connecting;
  t.true(vpp.isConnected);
  await vpp.close();
});

test.serial("connecting to a VPP that accepts and does not answer times out, or is aborted", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vpp-punt-silent-"));
  const socketPath = join(folder, "api.sock");
  const silent = createServer().listen(socketPath);
  t.teardown(() => {
    silent.close();
    rmSync(folder, { recursive: true });
  });
  await once(silent, "listening");
  t.is(await code(Vpp.connect({ socketPath, connectTimeout: 30 })), "ERR_TIMEOUT");
  const abort = new AbortController();
  const connecting = code(Vpp.connect({ socketPath, wait: true, signal: abort.signal }));
  abort.abort();
  t.is(await connecting, "ERR_ABORTED");
});

test.serial("close unregisters the client and rejects waiting requests, and later calls fail", async (t) => {
  const [server, vpp] = await pair(t);
  const waiting = code(vpp.call("sw_interface_tag_add_del", TAG));
  await vpp.call("control_ping");
  await vpp.close();
  t.is(await waiting, "ERR_CLOSED");
  t.is(await code(vpp.call("control_ping")), "ERR_CLOSED");
  await until(() => server.sockets.size === 0);
  t.is(server.seen.at(-1), "sockclnt_delete");
});

test.serial("a trace has every message, in both directions", async (t) => {
  const lines: string[] = [];
  const [server, vpp] = await pair(t, { trace: ({ direction, message }) => lines.push(`${direction} ${message}`) });
  server.handler = ({ reply }) => reply("l2_xconnect_details", { rx_sw_if_index: 1, tx_sw_if_index: 2 });
  await vpp.dumpAll("l2_xconnect_dump");
  t.deepEqual(lines, [
    "sent l2_xconnect_dump",
    "sent control_ping",
    "received l2_xconnect_details",
    "received control_ping_reply",
  ]);
});

test.serial("what a trace throws is uncaught, and the request goes on", async (t) => {
  const [server, vpp] = await pair(t, {
    trace: ({ direction }) => {
      throw new Error(direction);
    },
  });
  server.handler = ({ name, reply }) => reply(`${name}_reply`, { retval: 0, sw_if_index: 5 });
  const thrown = await uncaughtDuring(async () => {
    t.like(await vpp.call("create_loopback", { mac_address: "02:fe:00:00:00:01" }), { sw_if_index: 5 });
  });
  t.deepEqual(
    thrown.map((error) => (error as Error).message),
    ["sent", "received"],
  );
});

test("a line of a trace has bytes in hex, also those of a Buffer, and wide numbers as text", (t) => {
  const value = { id: Buffer.of(1, 0xab), key: Uint8Array.of(2), list: [Buffer.of(3)], cookie: 2n ** 64n - 1n };
  const line = traceLine({ time: 0, direction: "sent", message: "x", context: 1, value });
  t.deepEqual(JSON.parse(line).value, { id: "01ab", key: "02", list: ["03"], cookie: "18446744073709551615" });
});

test.serial("a trace to a full disk ends with a warning, and the requests go on", async (t) => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => void (warning.name === "VppPuntWarning" && warnings.push(warning.message));
  process.on("warning", onWarning);
  t.teardown(() => process.off("warning", onWarning));
  const [, vpp] = await pair(t, { trace: "/dev/full" });
  await vpp.call("control_ping");
  await vpp.call("control_ping");
  await until(() => warnings.length > 0);
  t.is(warnings.length, 1);
  t.regex(warnings[0]!, /^the trace to \/dev\/full ends: ENOSPC/);
});
