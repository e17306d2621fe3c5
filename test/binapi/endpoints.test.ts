// The names of transports' endpoints, which errors show, and aliases of types that lead far or nowhere.
import test from "ava";
import { Schema } from "../../lib/binapi/schema.js";
import { SocketTransport } from "../../lib/binapi/socket-transport.js";
import { VapiTransport } from "../../lib/binapi/vapi-transport.js";

test("a transport says where it connects", (t) => {
  t.is(new SocketTransport().endpoint, "/run/vpp/api.sock");
  t.is(new SocketTransport({ path: "/run/other.sock" }).endpoint, "/run/other.sock");
  t.is(new VapiTransport().endpoint, "shared memory vpe-api");
  t.is(new VapiTransport({ prefix: "" }).endpoint, "shared memory vpe-api");
  t.is(new VapiTransport({ prefix: "edge" }).endpoint, "shared memory edge-vpe-api");
  t.is(new VapiTransport({ socketPath: "run/api.sock" }).endpoint, "run/api.sock");
  t.is(new VapiTransport({ socketPath: "/run/api.sock", prefix: "edge" }).endpoint, "/run/api.sock");
});

const HEADER = [
  ["u16", "_vl_msg_id"],
  ["u32", "client_index"],
  ["u32", "context"],
];

function schemaOf(aliases: object, type: string): Schema {
  return Schema.fromApiJson([
    {
      module: "aliases",
      types: [],
      unions: [["choice", ["u32", "wide"], ["u8", "small"]]],
      enums: [["kind", ["KIND_WIDE", 1], ["KIND_SMALL", 2], { enumtype: "u8" }]],
      aliases,
      services: {},
      messages: [["far", ...HEADER, ["vl_api_kind_t", "kind"], [type, "choice"], { crc: "0x00000001" }]],
    },
  ]);
}

test("a union behind nine aliases has the arm that its selector names", (t) => {
  const names = Array.from({ length: 9 }, (_, i) => `a${i}`);
  const aliases = Object.fromEntries(
    names.map((name, i) => [name, { type: i === 8 ? "vl_api_choice_t" : `vl_api_${names[i + 1]}_t` }]),
  );
  const codec = schemaOf(aliases, "vl_api_a0_t").message("far");
  const value = { kind: "KIND_SMALL", choice: { small: 5 } };
  t.deepEqual(codec.decode(codec.encode(value)), value);
});

test("an alias of itself is refused as a bad schema, and not followed without end", (t) => {
  const aliases = { one: { type: "vl_api_two_t" }, two: { type: "vl_api_one_t" } };
  const codec = schemaOf(aliases, "vl_api_one_t").message("far");
  t.throws(() => codec.encode({ kind: 1, choice: {} }), { code: "ERR_BAD_SCHEMA" });
});

test("an alias of several values is a list, also where the value is a union", (t) => {
  const aliases = { pair: { type: "vl_api_choice_t", length: 2 } };
  const codec = schemaOf(aliases, "vl_api_pair_t").message("far");
  const { choice } = codec.decode(codec.encode({ kind: 1, choice: [{ wide: 1 }, { small: 2 }] })) as {
    choice: unknown;
  };
  t.is((choice as unknown[]).length, 2);
});

test("a transport refuses a name that VPP cannot take, a path that no socket has, and a number, which would be a descriptor", (t) => {
  const option = (name: string) => ({ code: "ERR_OPTION", message: new RegExp(`^binapi.connect: option ${name} `) });
  const long = "x".repeat(108);
  for (const Transport of [SocketTransport, VapiTransport]) {
    const path = Transport === SocketTransport ? "path" : "socketPath";
    for (const value of [long, "", 5, null])
      t.throws(() => new Transport({ [path]: value } as object), option(path), `${value}`);
    t.throws(() => new Transport({ name: "x".repeat(64) }), option("name"));
    t.throws(() => new Transport({ more: 1 } as object), option("more"));
    t.notThrows(() => new Transport({ name: "x".repeat(63) }));
  }
  t.throws(() => new VapiTransport({ prefix: 5 as never }), option("prefix"));
});
