// The one option checker of the package: what it takes, and how it words a refusal.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { OptionCheck } from "../../lib/options.js";

const check = new OptionCheck("port.open");

const cyclic: unknown[] = [];
cyclic.push(cyclic);

const refusals: readonly [name: string, call: () => unknown, option: string, message: string][] = [
  ["an unknown name", () => check.known({ a: 1, z: 2 }, ["a", "b"]), "z", "does not exist; the options are a, b"],
  [
    "an unknown nested name",
    () => check.known({ z: 2 }, ["a"], "retry"),
    "retry.z",
    "does not exist; the options are a",
  ],
  ["no object", () => check.known(null, ["a"]), "options", "must be an object; got null"],
  ["an array as options", () => check.known([1], ["a"]), "options", "must be an object; got a list of 1"],
  ["a fraction", () => check.integer("size", 1.5, 1, 9), "size", "must be a whole number from 1 to 9; got 1.5"],
  ["a number as text", () => check.integer("size", "3", 1, 9), "size", 'must be a whole number from 1 to 9; got "3"'],
  ["a bigint", () => check.integer("size", 3n, 1, 9), "size", "must be a whole number from 1 to 9; got 3n"],
  ["NaN", () => check.milliseconds("wait", Number.NaN), "wait", "must be a number of ms from 0 to 2147483647; got NaN"],
  [
    "another word",
    () => check.oneOf("role", "boss", ["server", "client"]),
    "role",
    'must be one of "server", "client"; got "boss"',
  ],
  ["a symbol", () => check.oneOf("role", Symbol("x"), ["a"]), "role", 'must be one of "a"; got Symbol(x)'],
  ["text with a NUL", () => check.text("name", "a\0b"), "name", 'must be free of NUL characters; got "a\\u0000b"'],
  [
    "text of too many bytes",
    () => check.text("name", "\u00e9".repeat(12), 23),
    "name",
    "must be at most 23 bytes long; got 24 bytes",
  ],
  ["a relative path", () => check.path("path", "a/b"), "path", 'must be an absolute path; got "a/b"'],
  [
    "a path too long for a socket",
    () => check.socketPath("path", `/${"x".repeat(107)}`),
    "path",
    "must be at most 107 bytes long; got 108 bytes",
  ],
  ["no function", () => check.callback("onBatch", 1), "onBatch", "must be a function; got 1"],
  [
    "a list that contains itself",
    () => check.boolean("copy", cyclic),
    "copy",
    "must be true or false; got a list of 1",
  ],
];

for (const [name, call, option, message] of refusals) {
  test(`refuses ${name}, and says what is allowed`, (t) => {
    const error = t.throws(call, { instanceOf: PuntError });
    t.is(error.code, "ERR_OPTION");
    t.is(error.op, "port.open");
    t.deepEqual(error.details, { option });
    t.is(error.message, `port.open: option ${option} ${message}`);
  });
}

test("valid values are returned as they are", (t) => {
  check.known({ a: 1 }, new Set(["a", "b"]));
  t.is(check.integer("size", 9, 1, 9), 9);
  t.is(check.milliseconds("wait", 0.5), 0.5);
  t.is(check.oneOf("role", "client", ["server", "client"]), "client");
  t.is(check.text("name", "\u00e9".repeat(11), 23), "\u00e9".repeat(11));
  t.is(check.socketPath("path", `/${"x".repeat(106)}`).length, 107);
});

test("an error names the subject, and has its details", (t) => {
  const request = new OptionCheck("binapi.call", "show_version", { message: "show_version" });
  const error = t.throws(() => request.milliseconds("timeout", -1), { instanceOf: PuntError });
  t.deepEqual(error.details, { message: "show_version", option: "timeout" });
  t.is(error.message, "binapi.call: show_version: option timeout must be a number of ms from 0 to 2147483647; got -1");
});
