// The options of memif ports.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import type { MemifOptions } from "../../lib/memif/index.js";
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
