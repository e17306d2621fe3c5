// The messages between a module and a daemon at attach.sock: JSON, with the descriptors beside it.
import * as z from "zod";
import { PuntError } from "../errors.js";

const name = z.string().max(255);
const index = z.int().min(0).max(255);

const question = z.discriminatedUnion("kind", [
  z.strictObject({
    /** Asks for the open descriptors of a punt. */
    kind: z.literal("punt"),
    /** From the call Attach. */
    token: name,
    /** Identities of the ends that the module has, by `endKey`. An end of the same identity is not handed over again. */
    have: z.record(name, name),
    /** Hand over packet sockets of TAPs too. */
    packets: z.boolean(),
  }),
  z.strictObject({
    /** Hands over the network namespace of a CNF. */
    kind: z.literal("namespace"),
    cnf: name,
  }),
]);

const answer = z.strictObject({
  /** The descriptors, in their order. */
  ends: z.array(
    z.strictObject({ kind: z.enum(["memif", "socket", "inject", "packets"]), interconnect: index, identity: name }),
  ),
  /** The name of the namespace for requests; "" if it is the daemon's own. */
  namespace: z.string().max(4095),
});

export type AttachQuestion = z.output<typeof question>;
export type AttachAnswer = z.output<typeof answer>;

/** One end of an interconnect that is handed over; `identity` changes when it has to be opened again. */
export type HandedEnd = AttachAnswer["ends"][number];

export function endKey({ kind, interconnect }: Pick<HandedEnd, "kind" | "interconnect">): string {
  return `${kind}/${interconnect}`;
}

export function encodeAttach(value: AttachQuestion | AttachAnswer): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** @throws PuntError ERR_PROTOCOL */
export function decodeQuestion(bytes: Uint8Array): AttachQuestion {
  return decode(question, bytes, "a question");
}

/** @throws PuntError ERR_PROTOCOL */
export function decodeAnswer(bytes: Uint8Array): AttachAnswer {
  return decode(answer, bytes, "an answer");
}

function decode<T extends z.ZodType>(schema: T, bytes: Uint8Array, what: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (cause) {
    throw new PuntError("punt.attach", "ERR_PROTOCOL", `the bytes are not ${what} of attach.sock`, {}, cause);
  }
}
