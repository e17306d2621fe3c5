// Requests as they arrive: how much memory a party may take by them. A message of two bytes takes a kilobyte once it is read.
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";

/** Messages within a request, elements of its lists and its byte strings. */
export const MOST_PARTS = 131_072;

/** The bytes of the requests under way, by party. */
export class Bodies {
  /** Bytes of the largest message. */
  readonly longest: number;
  readonly #held = new Map<unknown, number>();

  constructor(longest: number) {
    this.longest = longest;
  }

  /** Counts bytes of a party's. @throws ConnectError: they are too many */
  take(party: unknown, bytes: number): void {
    const held = (this.#held.get(party) ?? 0) + bytes;
    this.#held.set(party, held);
    const most = 2 * this.longest;
    if (held > most) throw refusal(`the caller's requests under way have more than ${most} bytes`);
  }

  give(party: unknown, bytes: number): void {
    const held = (this.#held.get(party) ?? 0) - bytes;
    if (held > 0) this.#held.set(party, held);
    else this.#held.delete(party);
  }
}

/** The form of a request. */
export interface BodyForm {
  /** The message; undefined where a stream of them comes. */
  readonly schema: DescMessage | undefined;
  readonly contentType: string;
  /** Version of a server that refuses fields that it does not know. Left out: it ignores them. The reader does the same in JSON. */
  readonly strict?: string | undefined;
}

/** Hands on a body: the one message of a call once it is whole, has few parts and no unknown ones. What is too long is left to the reader. */
export async function* limited(
  body: AsyncIterable<Uint8Array>,
  { schema, contentType, strict }: BodyForm,
  longest: number,
  take: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  let waiting: Uint8Array[] | undefined = schema ? [] : undefined;
  let size = 0;
  for await (const chunk of body) {
    take(chunk.length);
    size += chunk.length;
    waiting?.push(chunk);
    if (waiting === undefined) yield chunk;
    else if (size > longest + HEAD_BYTES) {
      yield* waiting;
      waiting = undefined;
    }
  }
  if (waiting === undefined) return;
  const whole = Buffer.concat(waiting);
  for (const message of /^application\/(grpc|connect)/.test(contentType) ? messagesIn(whole) : [whole]) {
    const { parts, unknown } = partsOf(message, schema!, contentType);
    if (parts > MOST_PARTS) throw refusal(`the request has more than ${MOST_PARTS} parts`);
    if (unknown && strict) throw new ConnectError(`version ${strict} does not know ${unknown}`, Code.Unimplemented);
  }
  yield whole;
}

/** Bytes before each message of gRPC: flags, and the message's length. */
const HEAD_BYTES = 5;

function* messagesIn(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const start = at + HEAD_BYTES;
    at = start + bytes.readUInt32BE(at + 1);
    yield bytes.subarray(start, at);
  }
}

function refusal(message: string): ConnectError {
  return new ConnectError(message, Code.ResourceExhausted);
}

interface Counted {
  parts: number;
  /** The first field that the schema does not have, in words. */
  unknown?: string;
}

function partsOf(bytes: Buffer, schema: DescMessage, contentType: string): Counted {
  if (contentType.includes("json")) return { parts: marksIn(bytes) };
  const count: Counted = { parts: 0 };
  try {
    countParts(new BinaryReader(bytes), bytes.length, schema, count);
  } catch {
    // It ends here for its reader, too.
  }
  return count;
}

/** Counts what begins or divides objects and lists in JSON. */
function marksIn(json: Buffer): number {
  let marks = 0;
  for (const byte of json) if (byte === 0x7b || byte === 0x5b || byte === 0x2c) marks++;
  return marks;
}

function countParts(reader: BinaryReader, end: number, schema: DescMessage, count: Counted): void {
  const fields = fieldsOf(schema);
  while (reader.pos < end && count.parts <= MOST_PARTS) {
    const [no, wireType] = reader.tag();
    const field = fields.get(no);
    if (!field) count.unknown ??= `field ${no} of ${schema.typeName}`;
    const part = field && isPart(field) ? field : undefined;
    if (part) count.parts++;
    if (!part || wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, no);
      continue;
    }
    const length = reader.uint32();
    const next = reader.pos + length;
    if (part.message && part.fieldKind !== "map") countParts(reader, next, part.message, count);
    // Each number of a packed list has a byte or more.
    else if (isOfNumbers(part)) count.parts += length;
    reader.pos = next;
  }
}

const known = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsOf(schema: DescMessage): ReadonlyMap<number, DescField> {
  const found = known.get(schema);
  if (found) return found;
  const fields = new Map(schema.fields.map((each) => [each.number, each]));
  known.set(schema, fields);
  return fields;
}

/** Whether a field takes more memory than bytes. */
function isPart({ fieldKind, scalar }: DescField): boolean {
  return fieldKind === "list" || fieldKind === "map" || fieldKind === "message" || scalar === ScalarType.BYTES;
}

function isOfNumbers(field: DescField): boolean {
  return field.fieldKind === "list" && field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES;
}
