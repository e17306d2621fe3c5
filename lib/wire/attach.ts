// The messages between a module and a daemon at attach.sock: JSON, with the descriptors beside it.
import type * as z from "zod";
import { PuntError } from "../errors.js";
import { lazily, zod } from "../lazily.js";
import { packageVersion } from "../package-root.js";
import { issueText } from "../shapes.js";

const name = lazily(() => zod().string().max(255));
const index = lazily(() => zod().int().min(0).max(255));
const endKind = lazily(() => zod().enum(["memif", "socket", "inject", "packets"]));

const question = lazily(() =>
  zod().discriminatedUnion("kind", [
    zod().strictObject({
      /** Asks for the open descriptors of a punt. */
      kind: zod().literal("punt"),
      /** From the call Attach. */
      token: name(),
      /** Identities of the ends that the module has, by `endKey`. An end of the same identity is not handed over again. */
      have: zod().record(name(), name()),
      /** Hand over packet sockets of TAPs too. */
      packets: zod().boolean(),
      /** Only ends of these kinds. Left out: all. */
      only: zod().array(endKind()).optional(),
      /** A punt socket that a living process has stays its own: the answer is EADDRINUSE. */
      ifFree: zod().boolean().optional(),
    }),
    zod().strictObject({
      /** Hands over the network namespace of a CNF. */
      kind: zod().literal("namespace"),
      cnf: name(),
    }),
  ]),
);

/** A module takes an answer of a later daemon's, which may say more, or hand over more. */
const answer = lazily(() =>
  zod().object({
    /** The descriptors, in their order. */
    ends: zod().array(
      zod().object({
        kind: name(),
        interconnect: index(),
        identity: name(),
        /** Of a punt socket: the folder of its file, as `folderOf` names it in the daemon. */
        folder: name().optional(),
      }),
    ),
    /** The name of the namespace for requests; "" if it is the daemon's own. */
    namespace: zod().string().max(4095),
  }),
);

export type AttachQuestion = z.output<ReturnType<typeof question>>;
export type AttachAnswer = z.output<ReturnType<typeof answer>>;

/** One end of an interconnect that is handed over; `identity` changes when it has to be opened again. */
export type HandedEnd = AttachAnswer["ends"][number] & { readonly kind: z.output<ReturnType<typeof endKind>> };

/** Whether this version knows what to do with an end. */
export function isKnownEnd(end: AttachAnswer["ends"][number]): end is HandedEnd {
  return endKind().safeParse(end.kind).success;
}

export function endKey({ kind, interconnect }: Pick<HandedEnd, "kind" | "interconnect">): string {
  return `${kind}/${interconnect}`;
}

export function encodeAttach(value: AttachQuestion | AttachAnswer): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** @throws PuntError ERR_PROTOCOL */
export function decodeQuestion(bytes: Uint8Array): AttachQuestion {
  return decode(question(), bytes, "a question");
}

/** @throws PuntError ERR_PROTOCOL */
export function decodeAnswer(bytes: Uint8Array): AttachAnswer {
  return decode(answer(), bytes, "an answer");
}

function decode<T extends z.ZodType>(schema: T, bytes: Uint8Array, what: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (cause) {
    const [issue] = (cause as Partial<z.ZodError>).issues ?? [];
    const why = issue ? `, as version ${packageVersion()} knows it (${issueText(issue)})` : "";
    throw new PuntError("punt.attach", "ERR_PROTOCOL", `the bytes are not ${what} of attach.sock${why}`, {}, cause);
  }
}
