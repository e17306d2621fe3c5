// The options of memif ports.
import { openSync } from "node:fs";
import test from "ava";
import { Descriptor } from "../../lib/descriptor/index.js";
import { PuntError } from "../../lib/errors.js";
import type { MemifOptions } from "../../lib/memif/index.js";
import { checkOptions } from "../../lib/memif/options.js";
import { native } from "../../lib/native.js";
import { PacketFilter } from "../../lib/packet/index.js";
import { open } from "../support/memif/ports.js";

const good: MemifOptions = { role: "client", socket: "/nowhere/memif.sock" };

/** Option, value, and what the error must say. */
const bad: [string, unknown, RegExp][] = [
  ["role", "master", /option role must be one of "server", "client"; got "master"/],
  ["socket", "", /socket must be a path, or @name/],
  ["socket", "@", /socket must be a path, or @name/],
  ["socket", "x".repeat(108), /socket must be at most 107 bytes/],
  ["socket", "a\0b", /socket must be free of NUL/],
  ["socket", 5, /socket must be a string; got 5/],
  ["id", -1, /id must be a whole number from 0 to 4294967295/],
  ["id", 2 ** 32, /id must be a whole number/],
  ["mode", "punt-inject", /mode must be one of "ethernet", "ip"/],
  ["secret", "x".repeat(24), /secret must be at most 23 bytes/],
  ["secret", "ééééééééééééé", /secret must be at most 23 bytes/],
  ["name", "x".repeat(32), /name must be at most 31 bytes/],
  ["rxQueues", 0, /rxQueues must be a whole number from 1 to 16/],
  ["txQueues", 17, /txQueues must be a whole number from 1 to 16/],
  ["ringSize", 16, /ringSize must be a whole number from 32 to 16384/],
  ["ringSize", 1000, /ringSize must be a power of two from 32 to 16384; got 1000/],
  ["ringSize", 32768, /ringSize must be a whole number from 32 to 16384/],
  ["bufferSize", 63, /bufferSize must be a whole number from 64 to 65535/],
  ["bufferSize", 65536, /bufferSize must be a whole number from 64 to 65535/],
  ["bufferSize", 100.5, /bufferSize must be a whole number/],
  ["rxMode", "busy", /rxMode must be one of/],
  ["burst", 0, /burst must be a whole number from 1/],
  ["spareBuffers", -1, /spareBuffers must be a whole number/],
  ["socketMode", 0o1000, /socketMode must be a whole number/],
  ["reconnectMs", 0, /reconnectMs must be a whole number/],
  ["zeroCopy", 1, /zeroCopy must be true or false/],
  ["engine", "dpdk", /engine must be one of "builtin", "libmemif"/],
  ["ringsize", 64, /option ringsize does not exist; the options are role, socket, descriptor, id, mode/],
];

for (const [option, value, message] of bad) {
  test(`open refuses ${option} ${JSON.stringify(value)?.slice(0, 30)}`, (t) => {
    const error = t.throws(() => open({ ...good, [option]: value } as MemifOptions), { instanceOf: PuntError });
    t.is(error?.op, "memif.open");
    t.is(error?.code, "ERR_OPTION");
    t.is(error?.details.option, option);
    t.regex(error!.message, message);
  });
}

test("open refuses a client whose buffers cannot be addressed", (t) => {
  const options: MemifOptions = { ...good, rxQueues: 16, txQueues: 16, ringSize: 16384, bufferSize: 65535 };
  t.throws(() => open(options), { message: /take less than 4 GiB/ });
});

test("the limits themselves are accepted", (t) => {
  for (const more of [
    { ringSize: 32, bufferSize: 64 },
    { ringSize: 16384, bufferSize: 64, rxQueues: 16, txQueues: 16, secret: "x".repeat(23), name: "x".repeat(31) },
    { ringSize: 32, bufferSize: 65535, id: 2 ** 32 - 1 },
  ]) {
    const port = open({ ...good, ...more });
    port.close();
  }
  t.pass();
});

/** Values just past a limit, each with what the error must say. */
const past: [keyof MemifOptions, unknown, RegExp][] = [
  ["rxQueues", 17, /rxQueues must be a whole number from 1 to 16; got 17/],
  ["txQueues", 0, /txQueues must be a whole number from 1 to 16; got 0/],
  ["burst", 16385, /burst must be a whole number from 1 to 16384; got 16385/],
  ["spareBuffers", 16385, /spareBuffers must be a whole number from 0 to 16384; got 16385/],
  ["socketMode", -1, /socketMode must be a whole number from 0 to 511; got -1/],
  ["reconnectMs", 60001, /reconnectMs must be a whole number from 1 to 60000; got 60001/],
  ["rxMode", "busy", /rxMode must be one of "interrupt", "adaptive", "polling"; got "busy"/],
  ["socket", "@", /socket must be a path, or @name; got "@"/],
  ["descriptor", 5, /descriptor must be a Descriptor$/],
];

for (const [option, value, message] of past) {
  test(`the check refuses ${option} ${value}`, (t) => {
    const error = t.throws(() => checkOptions({ ...good, [option]: value } as MemifOptions), { code: "ERR_OPTION" });
    t.is((error as PuntError).details.option, option);
    t.regex(error!.message, message);
  });
}

test("every option has its documented default", (t) => {
  t.deepEqual(checkOptions({ ...good, id: 7 }), {
    settings: {
      server: false,
      socket: "/nowhere/memif.sock",
      id: 7,
      mode: 0,
      secret: "",
      name: "memif7",
      rxQueues: 1,
      txQueues: 1,
      log2RingSize: 10,
      bufferSize: 2048,
      spareBuffers: 0,
      socketMode: -1,
      reconnectMs: 1000,
      libmemif: false,
    },
    receiving: { rxMode: "adaptive", burst: 256, zeroCopy: true },
    filter: undefined,
  });
});

test("every option reaches the native code, and the limits belong to what is allowed", (t) => {
  const filter = PacketFilter.parse("4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n");
  const lowest: MemifOptions = {
    ...{ role: "server", socket: "@a", id: 0, mode: "ip", secret: "", name: "", rxQueues: 1, txQueues: 1 },
    ...{ ringSize: 32, bufferSize: 64, spareBuffers: 0, socketMode: 0, reconnectMs: 1, engine: "builtin" },
    ...{ rxMode: "polling", burst: 1, zeroCopy: false, filter },
  };
  const checked = checkOptions(lowest);
  t.like(checked.settings, { server: true, socket: "@a", mode: 1, name: "", log2RingSize: 5, socketMode: 0 });
  t.deepEqual(checked.receiving, { rxMode: "polling", burst: 1, zeroCopy: false });
  t.not(checked.filter, undefined);
  const highest = { id: 2 ** 32 - 1, secret: "s".repeat(23), name: "n".repeat(31), rxQueues: 16, txQueues: 16 };
  const numbers = { bufferSize: 65535, spareBuffers: 16384, socketMode: 0o777, reconnectMs: 60000 };
  const most = { ...lowest, ...highest, ...numbers, ringSize: 16384, burst: 16384, rxMode: "interrupt" } as const;
  t.like(checkOptions(most), {
    settings: { ...highest, ...numbers, log2RingSize: 14 },
    receiving: { rxMode: "interrupt", burst: 16384 },
  });
});

test("a client's buffers take less than 4 GiB, spares of each receive queue included; a server has none", (t) => {
  // 65535 * (4 * 16384 + 1) is 2 ** 32 - 1.
  const full = { ...good, rxQueues: 1, txQueues: 3, ringSize: 16384, bufferSize: 65535, spareBuffers: 1 };
  t.is(checkOptions(full).settings.spareBuffers, 1);
  const message =
    "memif.open: option bufferSize must be such that all buffers (queues x ringSize x bufferSize) take less than 4 GiB; got 65535";
  for (const more of [{ spareBuffers: 2 }, { rxQueues: 2, txQueues: 2 }, { rxQueues: 2 }, { txQueues: 4 }])
    t.throws(() => checkOptions({ ...full, ...more }), { code: "ERR_OPTION", message });
  t.is(checkOptions({ ...full, role: "server", txQueues: 16 }).settings.txQueues, 16);
});

test("over libmemif a client's buffers take less than 2 GiB", (t) => {
  const half = { ...good, rxQueues: 1, txQueues: 1, ringSize: 16384, bufferSize: 65535 };
  const message = /^memif.open: option bufferSize must be such that .* take less than 2 GiB with libmemif; got 65535$/;
  const more = { ...half, rxQueues: 2 };
  t.throws(() => checkOptions({ ...more, engine: "libmemif" }), { code: "ERR_OPTION", message });
  t.false(checkOptions({ ...more, engine: "builtin" }).settings.libmemif);
  const open = () => checkOptions({ ...half, engine: "libmemif" });
  if (native.buildInfo().libmemif) t.true(open().settings.libmemif);
  else {
    const error = t.throws(open, {
      code: "ERR_NOT_BUILT",
      message: /engine "libmemif" is not in this build; `vpp-punt info`/,
    });
    t.like(error, { op: "memif.open", details: { option: "engine" } });
  }
});

test("a connected socket is for a client, and stands in place of a path", (t) => {
  const descriptor = Descriptor.own(openSync("/dev/null", "r"));
  t.teardown(() => descriptor.close());
  t.is(checkOptions({ role: "client", descriptor }).settings.socket, "");
  for (const [options, option, message] of [
    [{ role: "server", descriptor }, "descriptor", "memif.open: option descriptor is for a client"],
    [{ role: "client", descriptor, socket: "/a" }, "socket", "memif.open: option socket does not go with descriptor"],
  ] as const) {
    const error = t.throws(() => checkOptions(options), { code: "ERR_OPTION", message });
    t.is((error as PuntError).details.option, option);
  }
});
