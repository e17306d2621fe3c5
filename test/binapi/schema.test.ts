// Schemas: variants, releases, services, and bad definitions.
import test from "ava";
import { BUILTIN_RELEASES } from "../../lib/binapi/builtin.js";
import { Schema } from "../../lib/binapi/schema.js";
import { PuntError } from "../../lib/errors.js";
import { roundTrips } from "../support/vpp/round-trip.js";

test("without a release, every variant is there and the newest is the default", (t) => {
  const schema = Schema.builtin();
  t.deepEqual(schema.crcs("punt_socket_register"), ["95268cbf", "7875badb"]);
  t.is(schema.message("punt_socket_register").crc, "7875badb");
  const punt = { type: "PUNT_API_TYPE_EXCEPTION", punt: { exception: { id: 5 } } };
  const value = { header_version: 1, punt, pathname: "/run/x" };
  // 22.02 counted its punt types from 1.
  t.is(schema.message("punt_socket_register", "95268cbf").encode(value)[17], 3);
  t.is(schema.message("punt_socket_register", "7875badb").encode(value)[17], 2);
});

test("a release has only its own messages", (t) => {
  t.false(Schema.builtin("22.02").has("memif_create_v2"));
  t.true(Schema.builtin("26.06").has("lcp_osi_proto_enable"));
  t.false(Schema.builtin("25.02").has("lcp_osi_proto_enable"));
  const error = t.throws(() => Schema.builtin("19.08" as "22.02"));
  t.regex(error!.message, /no built-in release 19\.08/);
});

for (const release of BUILTIN_RELEASES) {
  test(`${release} rendered as .api.json is the same schema`, (t) => {
    const builtin = Schema.builtin(release);
    const rendered = Schema.fromApiJsonText(JSON.stringify(builtin.toApiJson()));
    t.deepEqual(rendered.names().sort(), builtin.names().sort());
    for (const name of builtin.names()) {
      t.is(rendered.message(name).key, builtin.message(name).key);
      t.deepEqual(rendered.message(name).service, builtin.message(name).service);
    }
    t.deepEqual(roundTrips(rendered, 2).failures, []);
  });
}

test("services follow VPP's conventions or their own definition", (t) => {
  const schema = Schema.builtin();
  t.deepEqual(schema.message("show_version").service, { reply: "show_version_reply" });
  t.deepEqual(schema.message("memif_dump").service, { reply: "memif_details", stream: true });
  t.deepEqual(schema.message("lcp_itf_pair_get").service, {
    reply: "lcp_itf_pair_get_reply",
    stream: true,
    streamMessage: "lcp_itf_pair_details",
  });
  t.deepEqual(schema.message("want_interface_events").service?.events, ["sw_interface_event"]);
  t.is(schema.message("memif_details").service, undefined);
});

test("an unknown message is an error that names the sources", (t) => {
  const error = t.throws(() => Schema.builtin().message("no_such_message"));
  t.is((error as unknown as { code: string }).code, "ERR_UNKNOWN_MESSAGE");
  t.regex(error!.message, /no_such_message \(built in\)/);
});

const bad: [what: string, files: unknown[], message: RegExp][] = [
  ["no object", [5], /file 0 is not an \.api\.json file/],
  ["a list missing", [{ types: [], messages: [], unions: [] }], /is not an \.api\.json file/],
  ["a message without CRC", [file({ messages: [["x", ["u16", "_vl_msg_id"]]] })], /x has no CRC/],
  ["a field name that is none", [file({ messages: [message(["u8", "a;b"])] })], /x has a bad field/],
  ["__proto__ as a field", [file({ messages: [message(["u8", "__proto__"])] })], /x has a bad field/],
  [
    "an unknown type",
    [file({ messages: [message(["vl_api_nix_t", "a"])] })],
    /x is bad: a: the type nix is not defined/,
  ],
  [
    "a count behind its array",
    [file({ messages: [message(["u8", "a", 0, "n"], ["u8", "n"])] })],
    /x is bad: a: refers to n, which is not an earlier field/,
  ],
  [
    "an alias without a type",
    [file({ messages: [message(["vl_api_a_t", "a"])], aliases: { a: { length: 3 } } })],
    /a is a bad alias \{"length":3\}/,
  ],
  [
    "an alias that is null",
    [file({ messages: [message(["vl_api_a_t", "a"])], aliases: { a: null } })],
    /a is a bad alias null/,
  ],
  [
    "an enum with a value that is not a number",
    [file({ messages: [message(["vl_api_e_t", "a"])], enums: [["e", ["E_A", "1"]]] })],
    /e has a bad value \["E_A","1"\]/,
  ],
  [
    "an enumtype that is not a string",
    [file({ messages: [message(["vl_api_e_t", "a"])], enums: [["e", ["E_A", 1], { enumtype: [] }]] })],
    /e has a bad enumtype \[\]/,
  ],
  [
    "a service without a reply",
    [file({ messages: [message(["u8", "a"])], services: { x: { stream: true } } })],
    /x has a bad service \{"stream":true\}/,
  ],
  ["null in place of a file", [null], /api\.json: file 0 is not an \.api\.json file/],
  ["a number in place of a file", [file({}), 7], /file 1 is not an \.api\.json file/],
  ["a message named null", [file({ messages: [[null, ["u16", "_vl_msg_id"]]] })], /is not an \.api\.json file/],
  [
    "enumflags that are not an array",
    [file({ messages: [message(["u8", "a"])], enumflags: 5 })],
    /is not an \.api\.json file/,
  ],
  [
    "a type in itself",
    [file({ messages: [message(["vl_api_loop_t", "a"])], types: [["loop", ["vl_api_loop_t", "b"]]] })],
    /the type loop contains itself/,
  ],
];

for (const [what, files, expected] of bad) {
  test(`bad definitions: ${what}`, (t) => {
    const error = t.throws(() => Schema.fromApiJson(files).message("x").encode({}));
    t.is((error as unknown as { code: string }).code, "ERR_BAD_SCHEMA");
    t.regex(error!.message, expected);
  });
}

function file(parts: object): object {
  return { types: [], messages: [], unions: [], enums: [], services: {}, aliases: {}, ...parts };
}

function message(...fields: unknown[][]): unknown[] {
  return ["x", ["u16", "_vl_msg_id"], ...fields, { crc: "0x12345678" }];
}

test("a folder that cannot be read is an error that names it", async (t) => {
  const error = await t.throwsAsync(Schema.fromDirectory("/nonexistent"), { instanceOf: PuntError });
  t.is(error.code, "ENOENT");
  t.regex(error.message, /cannot read the folder \/nonexistent$/);
});
