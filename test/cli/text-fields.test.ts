// Texts in the fields of `vpp-punt api`: what each stands for.
import test from "ava";
import { Schema } from "../../lib/binapi/schema.js";
import { withTexts } from "../../lib/cli/commands/text-fields.js";

const HEADER = [
  ["u16", "_vl_msg_id"],
  ["u32", "client_index"],
  ["u32", "context"],
];
const codec = Schema.fromApiJson([
  {
    ...{ module: "test", types: [], unions: [], enums: [], enumflags: [], aliases: {}, services: {} },
    messages: [
      [
        ...["thing_set", ...HEADER, ["u64", "secret"], ["i64", "offset"]],
        ...[["u8", "key", 2], ["string", "name", 8], ["u32", "index"], { crc: "0x00000001" }],
      ],
    ],
  },
]).message("thing_set");

const FIELDS = { secret: "18446744073709551615", offset: "-9223372036854775808", key: "12:ff", name: "12", index: 1 };

const sent = (fields: Record<string, unknown>) => withTexts(fields, async (value) => codec.decode(codec.encode(value)));

test("a text is a 64-bit integer or bytes where the message has them, and a text elsewhere", async (t) => {
  const all = { secret: 2n ** 64n - 1n, offset: -(2n ** 63n), key: Uint8Array.of(0x12, 0xff), name: "12", index: 1 };
  t.like(await sent(FIELDS), all);
  t.like(await sent({ ...FIELDS, key: "1234" }), { ...all, key: Uint8Array.of(0x12, 0x34) });
});

test("a text that is neither is refused as the codec refuses it first", async (t) => {
  const given = { secret: "12a4", offset: "18446744073709551616", key: "123" };
  for (const [name, value] of Object.entries(given)) {
    const error = await t.throwsAsync(sent({ ...FIELDS, [name]: value }));
    const { message } = t.throws(() =>
      codec.encode({ ...FIELDS, secret: 1n, offset: 1n, key: Uint8Array.of(1, 2), [name]: value }),
    );
    t.is(error.message, message);
  }
});
