// The codec of messages: round trips, errors, and random bytes.
import test from "ava";
import { Schema } from "../../lib/binapi/schema.js";
import { PuntError } from "../../lib/errors.js";
import { Random, Sampler } from "../support/vpp/sample-values.js";

/** Definitions with every feature of .api.json. */
const LANGUAGE = Schema.fromApiJson([
  {
    module: "test",
    types: [
      ["inner", ["u8", "n"], ["u16", "list", 0, "n"]],
      ["outer", ["vl_api_kind_t", "kind"], ["vl_api_choice_t", "choice"], ["vl_api_inner_t", "inners", 2]],
      ["pair", ["u32", "a"], ["u32", "b"]],
    ],
    unions: [
      ["choice", ["vl_api_pair_t", "pair"], ["u8", "small"]],
      ["open", ["vl_api_pair_t", "pair"], ["u64", "wide"]],
    ],
    enums: [
      ["kind", ["KIND_PAIR", 1], ["KIND_SMALL", 2], ["KIND_NONE", 3], { enumtype: "u8" }],
      ["bits", ["BIT_A", 1], ["BIT_B", 2], ["BIT_C", 4], { enumtype: "u16" }],
    ],
    enumflags: [["marks", ["MARK_X", 1], ["MARK_TOP", 0x80000000], { enumtype: "u32" }]],
    aliases: { index: { type: "u32" }, blob: { type: "u8", length: 3 } },
    services: {},
    messages: [
      message("numbers", ["u8", "a"], ["i8", "b"], ["u16", "c"], ["i16", "d"], ["u32", "e"], ["i32", "f"]),
      message("wide", ["u64", "a"], ["i64", "b"], ["f64", "c"], ["bool", "d"]),
      message("strings", ["string", "fixed", 8], ["string", "any", 0], ["string", "short", 0, { limit: 4 }]),
      message(
        "defaults",
        ["u32", "a", { default: 7 }],
        ["bool", "b", { default: "true" }],
        ["vl_api_kind_t", "c", { default: 2 }],
      ),
      message("arrays", ["u8", "n"], ["vl_api_pair_t", "pairs", 0, "n"], ["vl_api_blob_t", "blob"], ["u8", "rest", 0]),
      message("flags", ["vl_api_bits_t", "bits"], ["vl_api_marks_t", "marks"]),
      message("nested", ["vl_api_outer_t", "outer"]),
      message("open_union", ["vl_api_open_t", "value"], ["vl_api_index_t", "index"]),
      message("bounded", ["u32", "n"], ["u32", "list", 0, "n", { limit: 2 }]),
    ],
  },
]);

function message(name: string, ...fields: unknown[][]): unknown[] {
  const header = [
    ["u16", "_vl_msg_id"],
    ["u32", "client_index"],
    ["u32", "context"],
  ];
  return [name, ...header, ...fields, { crc: "0x00000001" }];
}

function there(name: string, value: Record<string, unknown>): Record<string, unknown> {
  const codec = LANGUAGE.message(name);
  return codec.decode(codec.encode(value));
}

const PAIR = { a: 1, b: 2 };
const INNERS = [
  { n: 0, list: [] },
  { n: 2, list: [1, 65535] },
];

test("every value survives encoding and decoding", (t) => {
  const numbers = { a: 255, b: -128, c: 65535, d: -32768, e: 0xffffffff, f: -0x80000000 };
  t.deepEqual(there("numbers", numbers), numbers);
  const wide = { a: 2n ** 64n - 1n, b: -(2n ** 63n), c: -1.5e300, d: true };
  t.deepEqual(there("wide", wide), wide);
  t.deepEqual(there("wide", { ...wide, a: 5, b: -5 }), { ...wide, a: 5n, b: -5n });
  t.deepEqual(there("strings", { fixed: "1234567", any: "", short: "äö" }), { fixed: "1234567", any: "", short: "äö" });
  t.deepEqual(there("defaults", {}), { a: 7, b: true, c: "KIND_SMALL" });
  const arrays = { n: 1, pairs: [PAIR], blob: Uint8Array.of(1, 2, 3), rest: Uint8Array.of(9) };
  const { n: _, ...withoutCount } = arrays;
  t.deepEqual(there("arrays", withoutCount), arrays);
  t.deepEqual(there("arrays", { ...arrays, n: undefined }), arrays);
});

test("flags are lists of names, and enums are names; a value without a name is a number", (t) => {
  t.deepEqual(there("flags", { bits: ["BIT_A", "BIT_C"], marks: "MARK_TOP" }), {
    bits: ["BIT_A", "BIT_C"],
    marks: ["MARK_TOP"],
  });
  t.deepEqual(there("flags", { bits: 0x1002, marks: [1, 0x400] }), {
    bits: ["BIT_B", 0x1000],
    marks: ["MARK_X", 0x400],
  });
  const nested = { outer: { kind: 77, choice: new Uint8Array(8), inners: INNERS } };
  t.deepEqual(there("nested", nested), nested);
});

test("a union has the arm that its discriminator selects; the rest is zeros", (t) => {
  const small = { outer: { kind: "KIND_SMALL", choice: { small: 5 }, inners: INNERS } };
  t.deepEqual(there("nested", small), small);
  const bytes = LANGUAGE.message("nested").encode(small);
  t.deepEqual([...bytes.slice(10, 19)], [2, 5, 0, 0, 0, 0, 0, 0, 0]);
  const pair = { outer: { kind: 1, choice: { pair: PAIR }, inners: INNERS } };
  t.deepEqual(there("nested", pair), { outer: { kind: "KIND_PAIR", choice: { pair: PAIR }, inners: INNERS } });
});

test("a union without a discriminator comes back as every arm, and takes one, or all that agree", (t) => {
  const all = { value: { pair: PAIR, wide: 0x1_0000_0002n }, index: 9 };
  t.deepEqual(there("open_union", { value: { pair: PAIR }, index: 9 }), all);
  t.deepEqual(there("open_union", { value: { wide: 0x1_0000_0002n }, index: 9 }), all);
  t.deepEqual(there("open_union", all), all);
});

const mistakes: [name: string, value: Record<string, unknown>, path: string, problem: RegExp][] = [
  ["numbers", { a: 256, b: 0, c: 0, d: 0, e: 0, f: 0 }, "a", /256 is not an integer in 0\.\.255/],
  ["numbers", { a: 0, b: 0, c: 1.5, d: 0, e: 0, f: 0 }, "c", /1\.5 is not an integer/],
  ["numbers", { a: 0, b: 0, c: 0, d: 0, e: "7", f: 0 }, "e", /"7" is not a number/],
  ["numbers", { a: 0, b: 0, c: 0, d: 0, e: 0 }, "f", /is missing/],
  ["numbers", { a: null, b: 0, c: 0, d: 0, e: 0, f: 0 }, "a", /null is not a number/],
  ["numbers", { a: 5n, b: 0, c: 0, d: 0, e: 0, f: 0 }, "a", /5n is not a number \(u8\)/],
  ["numbers", { a: 0, b: 5n, c: 0, d: 0, e: 0, f: 0 }, "b", /5n is not a number/],
  ["numbers", { a: 0, b: 0, c: 5n, d: 0, e: 0, f: 0 }, "c", /5n is not a number/],
  ["numbers", { a: 0, b: 0, c: 0, d: 5n, e: 0, f: 0 }, "d", /5n is not a number/],
  ["numbers", { a: 0, b: 0, c: 0, d: 0, e: 5n, f: 0 }, "e", /5n is not a number/],
  ["numbers", { a: 0, b: 0, c: 0, d: 0, e: 0, f: Symbol("f") }, "f", /Symbol\(f\) is not a number/],
  ["numbers", { a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, g: 0 }, "g", /there is no such field/],
  ["wide", { a: -1n, b: 0n, c: 0, d: true }, "a", /-1 is not in 0\.\./],
  ["wide", { a: 2 ** 60, b: 0n, c: 0, d: true }, "a", /is not a bigint or safe integer/],
  ["wide", { a: 0n, b: 0n, c: 0, d: 1 }, "d", /1 is not a boolean/],
  ["strings", { fixed: "12345678", any: "", short: "" }, "fixed", /longer than 7 bytes/],
  ["strings", { fixed: "a\0b", any: "", short: "" }, "fixed", /NUL/],
  ["strings", { fixed: "", any: "", short: "äöü" }, "short", /longer than 4 bytes/],
  ["arrays", { pairs: [PAIR, { a: 1 }], blob: new Uint8Array(3), rest: new Uint8Array() }, "pairs[1].b", /is missing/],
  ["arrays", { n: 2, pairs: [PAIR], blob: new Uint8Array(3), rest: new Uint8Array() }, "n", /2 given, but pairs has 1/],
  ["arrays", { pairs: [], blob: new Uint8Array(2), rest: new Uint8Array() }, "blob", /2 bytes where 3 belong/],
  [
    "arrays",
    { pairs: Array(256).fill(PAIR), blob: new Uint8Array(3), rest: new Uint8Array() },
    "n",
    /256 is not an integer/,
  ],
  ["bounded", { list: [1, 2, 3] }, "list", /3 elements where at most 2/],
  ["flags", { bits: ["BIT_Z"], marks: [] }, "bits", /"BIT_Z" is not a value of bits \(BIT_A, BIT_B, BIT_C\)/],
  [
    "nested",
    { outer: { kind: "KIND_PAIR", choice: { small: 1 }, inners: INNERS } },
    "outer.choice",
    /selects the arm pair/,
  ],
  [
    "nested",
    { outer: { kind: "KIND_PAIR", choice: { pair: PAIR, nix: 1 }, inners: INNERS } },
    "outer.choice.nix",
    /not an arm/,
  ],
  [
    "nested",
    { outer: { kind: "KIND_PAIR", choice: { pair: PAIR }, inners: [INNERS[0]] } },
    "outer.inners",
    /1 elements where 2/,
  ],
  ["nested", { outer: 5 }, "outer", /5 is not an object/],
  ["open_union", { value: {}, index: 1 }, "value", /needs one of pair, wide/],
  ["open_union", { value: { pair: PAIR, wide: 7n }, index: 1 }, "value", /say different things/],
];

for (const [name, value, path, problem] of mistakes) {
  test(`a mistake is an error with its path: ${name}.${path}: ${problem.source}`, (t) => {
    const error = t.throws<PuntError>(() => LANGUAGE.message(name).encode(value));
    t.true(error instanceof PuntError);
    t.is(error!.details.path, path);
    t.regex(error!.message, problem);
    t.true(error!.message.startsWith(`binapi.encode: ${name}.${path}: `));
  });
}

test("random and mutated bytes decode to a value or a clean error", (t) => {
  const schema = Schema.builtin();
  const random = new Random(99);
  let errors = 0;
  for (const name of schema.names()) {
    const { def, types } = schema.definition(name);
    const target = schema.message(name);
    const sampler = new Sampler(types, random);
    for (let round = 0; round < 20; round++) {
      const good = target.encode(sampler.message(def, def.fields.length - target.fields.length));
      const bytes = round % 4 === 0 ? random.bytes(random.below(200)) : mutate(good, random);
      try {
        target.decode(bytes);
      } catch (error) {
        errors++;
        if (!(error instanceof PuntError)) t.fail(`${name}: ${(error as Error).stack}`);
      }
    }
  }
  t.true(errors > 100);
});

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice(0, random.below(2) ? bytes.length : random.below(bytes.length + 1));
  for (let i = random.below(6); i > 0 && copy.length > 0; i--)
    copy[random.below(copy.length)] = random.pick([0, 1, 0x7f, 0xff, random.below(256)]);
  return copy;
}

test("a false count allocates no memory", (t) => {
  const arrays = LANGUAGE.message("bounded");
  const bytes = arrays.encode({ list: [] });
  bytes.fill(0xff, 10, 14);
  const error = t.throws<PuntError>(() => arrays.decode(bytes));
  t.is(error!.code, "ERR_TRUNCATED");
  t.regex(error!.message, /4294967295 elements do not fit in the 0 bytes left/);
});

test("prefixes and addresses in messages: bad text is an error, an unknown family stays bytes", (t) => {
  const schema = Schema.builtin();
  const add = schema.message("sw_interface_add_del_address");
  const value = { sw_if_index: 1, is_add: true, del_all: false };
  for (const prefix of ["10.0.0.1", "10.0.0.1/33", "::/129", "10.0.0.1/", "10.0.0.1/08", "x/8", 5]) {
    const error = t.throws<PuntError>(() => add.encode({ ...value, prefix }), undefined, String(prefix));
    t.is(error!.details.path, "prefix");
  }
  const odd = { ...value, prefix: { address: { af: 9, un: new Uint8Array(16).fill(3) }, len: 200 } };
  t.deepEqual(add.decode(add.encode(odd)), odd);
});
