// Requests that take little room on their way and much memory once they are read.
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { limited, MOST_PARTS } from "../../lib/grpc/request-body.js";
import {
  ApplyRequestSchema,
  ExplainFramesRequestSchema,
  errorFromWire,
  errorToWire,
  InfoRequestSchema,
} from "../../lib/wire/index.js";

const LONGEST = 32 << 20;

/** Envelopes of gRPC. */
function enveloped(...messages: Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      return [head, message];
    }),
  );
}

/** Bytes again and again. */
const repeated = (count: number, ...bytes: number[]) => Buffer.alloc(count * bytes.length, Buffer.from(bytes));
/** The tag of a field that has a length: one byte, or two. */
const tagOf = (no: number) => (no < 16 ? [(no << 3) | 2] : [((no << 3) & 0x7f) | 0x82, no >> 4]);

/** A field with a content. */
function fieldOf(no: number, content: Uint8Array): Buffer {
  const head = tagOf(no);
  let { length } = content;
  for (; length > 0x7f; length >>= 7) head.push((length & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, length]), content]);
}

const APPLY = ApplyRequestSchema;
const no = (schema: typeof APPLY | typeof ExplainFramesRequestSchema, name: string) =>
  schema.fields.find(({ localName }) => localName === name)!.number;
const REQUESTS = no(APPLY, "requests");
const request = APPLY.fields.find(({ localName }) => localName === "requests")!.message!;
const inRequest = (name: string) => request.fields.find(({ localName }) => localName === name)!.number;

type Schema = NonNullable<Parameters<typeof limited>[1]["schema"]>;

/** Reads a body in pieces. Resolves with the number of bytes that come through, or with the refusal. */
async function read(
  body: Buffer,
  schema: Schema | "a stream" = APPLY,
  contentType = "application/grpc",
): Promise<number | string> {
  async function* pieces() {
    for (let at = 0; at < body.length; at += 65_536) yield body.subarray(at, at + 65_536);
  }
  const form = { schema: schema === "a stream" ? undefined : schema, contentType };
  let size = 0;
  try {
    for await (const chunk of limited(pieces(), form, LONGEST, () => {})) size += chunk.length;
    return size;
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return code === Code.ResourceExhausted ? rawMessage : `another error: ${rawMessage}`;
  }
}

const REFUSAL = `the request has more than ${MOST_PARTS} parts`;

test("a request of many empty messages, elements or byte strings is refused before it is read", async (t) => {
  const cases: Record<string, [Buffer, Parameters<typeof read>[1]?, string?]> = {
    messages: [enveloped(repeated(MOST_PARTS + 1, ...tagOf(REQUESTS), 0))],
    "messages of a message": [
      enveloped(fieldOf(REQUESTS, repeated(MOST_PARTS, ...tagOf(inRequest("ingressAclRules")), 0))),
    ],
    "numbers of a packed list": [
      enveloped(fieldOf(REQUESTS, fieldOf(inRequest("families"), new Uint8Array(MOST_PARTS)))),
    ],
    "byte strings": [
      enveloped(repeated(MOST_PARTS + 1, ...tagOf(no(ExplainFramesRequestSchema, "frames")), 0)),
      ExplainFramesRequestSchema,
    ],
    "a second message": [enveloped(Buffer.alloc(0), repeated(MOST_PARTS + 1, ...tagOf(REQUESTS), 0))],
    "a message without an envelope": [repeated(MOST_PARTS + 1, ...tagOf(REQUESTS), 0), APPLY, "application/proto"],
    JSON: [Buffer.from(`{"requests":[${"{},".repeat(MOST_PARTS)}{}]}`), APPLY, "application/json"],
    "bytes that end in the middle": [
      enveloped(Buffer.concat([repeated(MOST_PARTS + 1, ...tagOf(REQUESTS), 0), Buffer.from([0xff])])),
    ],
  };
  for (const [name, asked] of Object.entries(cases)) t.is(await read(...asked), REFUSAL, name);
});

test("an error with a bigint in its details reaches the caller", (t) => {
  const bad = new PuntError("stats.read", "ERR_BAD_SEGMENT", "layout 3", { version: 3n, known: 2 });
  const error = errorFromWire(errorToWire(bad), "punt.counters");
  t.like(error, { op: "stats.read", code: "ERR_BAD_SEGMENT", details: { version: "3", known: 2 } });
});

test("a caller learns the limits of its requests, whichever it has passed", (t) => {
  const words = [
    REFUSAL,
    "the caller's requests under way have more than 67108864 bytes",
    "message size 33554433 is larger than configured readMaxBytes 33554432",
  ];
  for (const each of words) {
    const { code, message } = errorFromWire(new ConnectError(each, Code.ResourceExhausted), "punt.apply");
    t.is(code, "ERR_REQUEST_SIZE");
    t.regex(message, /punt\.apply: a daemon takes requests of at most 32 MiB and 131072 parts, and 64 MiB at a time/);
  }
});

test("long requests of few parts, bytes that are not a message, and requests that are too long come through to their reader", async (t) => {
  const long = toBinary(APPLY, create(APPLY, { cnf: "c".repeat(1 << 20), requests: [{ cnf: "a" }, { cnf: "b" }] }));
  t.is(await read(enveloped(long)), long.length + 5);
  const unknown = enveloped(repeated(MOST_PARTS + 1, 0x78, 1));
  t.is(await read(unknown, InfoRequestSchema), unknown.length);
  t.is(await read(Buffer.alloc(100, 0xff)), 100);
  const tooLong = enveloped(Buffer.alloc(LONGEST + 1));
  t.is(await read(tooLong), tooLong.length);
  const stream = enveloped(repeated(MOST_PARTS + 1, ...tagOf(REQUESTS), 0));
  t.is(await read(stream, "a stream"), stream.length);
});
