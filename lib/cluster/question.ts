// Questions to the daemon that acts for a host, and its answers, as keys in etcd that end with the asker's lease.
import { messageOf, PuntError } from "../errors.js";
import { lazily, zod } from "../lazily.js";
import { packageVersion } from "../package-root.js";
import type {
  AddOptions,
  ApplyOptions,
  ApplyResult,
  PlanChange,
  PuntId,
  PuntIdInput,
  PuntRequestInput,
  PuntSet,
  PuntStatus,
  Punts,
} from "../punt/index.js";
import { DryRun, withoutSecrets } from "../punt/index.js";
import type { Write } from "./etcd/index.js";
import type { Changes } from "./forwarded.js";
import { content, keptIn, parseJson, shaped } from "./records.js";
import { revived } from "./status.js";

/** Answers questions. */
export interface Answering {
  readonly changes: Changes;
  readonly punts: Pick<Punts, "plan">;
  readonly explainer?: Explainer | undefined;
}

/** The calls that can be asked for. */
export type Question =
  | { readonly call: "add" | "update"; readonly request: PuntRequestInput; readonly options: AddOptions }
  | { readonly call: "delete"; readonly id: PuntIdInput }
  | { readonly call: "apply"; readonly set: PuntSet; readonly options: ApplyOptions }
  | { readonly call: "plan"; readonly change: PlanChange }
  | { readonly call: "explain"; readonly id: PuntId; readonly traceMs?: number }
  | { readonly call: "counters"; readonly cnf?: string }
  /** The frames are in hex. */
  | ({ readonly call: "explainFrames"; readonly frames: readonly string[] } & Omit<FramesQuestion, "frames">);

/** Frames that an interface of VPP receives. */
export interface FramesQuestion {
  readonly frames: readonly Uint8Array[];
  readonly interface: string;
  /** Whether VPP sends and traces them. */
  readonly trace: boolean;
}

/** Looks at this daemon's VPP; the answers are as JSON has them. */
export interface Explainer {
  /** Explains a punt. @throws PuntError ERR_NO_SUCH_PUNT; of VPP, while it is away */
  punt(id: PuntId, traceMs: number): Promise<object>;
  /** Reads VPP's counters of a CNF's punts; without one, of all. @throws PuntError ERR_DISCONNECTED */
  counters(cnf: string | undefined): Promise<object>;
  /** Explains each frame, in the order of the question. @throws PuntError ERR_NO_INTERFACE; ERR_INVALID_PACKET; of VPP, while it is away */
  frames(question: FramesQuestion): Promise<readonly object[]>;
}

/** The first key of a message: the others hold the parts of its text. */
export interface Head {
  readonly by: string;
  /** The daemon that passed the question on; absent from an operator's command. */
  readonly through?: string;
  readonly lease: string;
  readonly parts: number;
}

/** The asker of a question, and the daemon that passed it on. */
export type Asker = Pick<Head, "by" | "through">;

/** etcd takes 1.5 MiB in one request. */
const PART_CHARACTERS = 250_000;
/** etcd's whole content is 8 GiB at most. A message of more parts is not a daemon's. */
const MOST_PARTS = 10_000;

/** Returns the keys of a message. The head comes last, so that a reader of the head finds all parts. */
export function messageWrites(key: string, text: string, asker: Asker, lease: string): Write[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length; at += PART_CHARACTERS) parts.push(text.slice(at, at + PART_CHARACTERS));
  const head: Head = { ...asker, lease, parts: parts.length };
  return [
    ...parts.map((value, index) => ({ key: `${key}/${index}`, value: JSON.stringify({ value }), lease })),
    { key, value: JSON.stringify(head), lease },
  ];
}

const headForm = lazily(() => {
  const text = zod().string();
  return zod().object({
    by: text,
    through: text.exactOptional(),
    lease: text,
    parts: zod().int().min(0).max(MOST_PARTS),
  });
});

export function parseHead(key: string, value: string): Head {
  return keptIn({ key, value }, headForm());
}

/** Returns the text of a message. `valueAt` gives the values of its parts. */
export function messageText(key: string, { parts }: Head, valueAt: (key: string) => string | undefined): string {
  const names = Array.from({ length: parts }, (_, index) => `${key}/${index}`);
  return names
    .map((name) => {
      const { value } = parseJson(name, valueAt(name) ?? "") as { value?: unknown };
      if (typeof value !== "string") throw content(name, "is not a part of a message");
      return value;
    })
    .join("");
}

/** An answer, and what it was about. */
export interface Answer {
  readonly text: string;
  readonly call: string;
  readonly punts: readonly PuntIdInput[];
  readonly error?: PuntError;
}

/** The parts of each question. The call itself checks requests and options. */
const questionForms = lazily(() => {
  const text = zod().string();
  const request = zod().looseObject({ cnf: text.optional(), key: text.optional(), label: text.optional() });
  const id = request.required({ cnf: true });
  const requests = zod().array(request);
  const change = { request: id, options: zod().looseObject({}).optional() };
  const forms = {
    add: change,
    update: change,
    delete: { id },
    apply: { set: zod().looseObject({ cnf: text.optional(), punts: requests }), options: change.options },
    plan: { change: zod().looseObject({ add: zod().array(id).optional(), delete: zod().array(id).optional() }) },
    explain: { id, traceMs: zod().number().optional() },
    counters: { cnf: text.optional() },
    explainFrames: { frames: zod().array(text), interface: text, trace: zod().boolean() },
  };
  return new Map(Object.entries(forms).map(([call, form]) => [call, zod().looseObject(form)]));
});

/** Most characters of a name in an error. A name in etcd can be of any length. */
const LONGEST_NAME = 60;

/** @throws PuntError ERR_ETCD_CONTENT; ERR_UNIMPLEMENTED: a later version's question, or one with a part that would be ignored */
function parseQuestion(text: string): Question {
  const question = parseJson(QUESTION, text) as Partial<Question>;
  const { call } = question;
  const form = typeof call === "string" ? questionForms().get(call) : undefined;
  if (form === undefined) throw unknown(`the question ${JSON.stringify(call)?.slice(0, LONGEST_NAME)}`);
  const part = Object.keys(question).find((name) => name !== "call" && !Object.hasOwn(form.shape, name));
  if (part !== undefined) throw unknown(`${part.slice(0, LONGEST_NAME)} of the question ${call}`);
  return shaped(QUESTION, question, form) as Question;
}

/** Returns the error for a question with parts of a later version. */
function unknown(what: string): PuntError {
  const version = packageVersion();
  const message = `the daemon that acts for the host is version ${version} and does not know ${what}`;
  return new PuntError("cluster.answer", "ERR_UNIMPLEMENTED", message, { version });
}

/** Makes the call of a question. @returns the answer, which may be an error */
export async function answerTo(text: string, by: Answering): Promise<Answer> {
  let about: Pick<Answer, "call" | "punts"> = { call: "unknown", punts: [] };
  try {
    const question = parseQuestion(text);
    about = { call: question.call, punts: puntsOf(question) };
    const value = await ask(question, by);
    const deleted = question.call === "apply" ? (value as ApplyResult).deleted : [];
    const answer = JSON.stringify({ value: plain(value) }, plainNumbers);
    return { ...about, punts: [...about.punts, ...deleted], text: answer };
  } catch (error) {
    const plainly = plainError(error as Partial<PuntError> & Error);
    const { op, code, message } = plainly;
    const answer = JSON.stringify({ error: plainly }, plainNumbers);
    return { ...about, text: answer, error: new PuntError(op, code, message) };
  }
}

/** Returns the punts that a question names. */
function puntsOf(question: Question): readonly PuntIdInput[] {
  switch (question.call) {
    case "add":
    case "update":
      return [question.request];
    case "delete":
    case "explain":
      return [question.id];
    case "apply":
      return question.set.punts.map((each) => ({ cnf: question.set.cnf ?? "", ...each }));
    case "plan":
      return [...(question.change.add ?? []), ...(question.change.delete ?? [])];
    default:
      return [];
  }
}

function ask(question: Question, { changes, punts, explainer = NONE }: Answering): Promise<unknown> {
  switch (question.call) {
    case "add":
      return changes.add(question.request, question.options);
    case "update":
      return changes.update(question.request, question.options);
    case "delete":
      return changes.delete(question.id);
    case "apply":
      return changes.apply(question.set, question.options);
    case "plan":
      return punts.plan(question.change);
    case "explain":
      return explainer.punt(question.id, question.traceMs ?? 0);
    case "counters":
      return explainer.counters(question.cnf);
    case "explainFrames":
      return explainer.frames({ ...question, frames: question.frames.map((text) => Buffer.from(text, "hex")) });
  }
}

async function unknownTo(): Promise<never> {
  throw unknown("the question");
}

const NONE: Explainer = { punt: unknownTo, counters: unknownTo, frames: unknownTo };

/** Returns an answer without secrets. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("metadata" in value) return withoutSecrets(value as PuntStatus);
  if (!("added" in value)) return value;
  const { added, updated, unchanged, deleted, failed } = value as ApplyResult;
  return {
    ...{ added: added.map(withoutSecrets), updated: updated.map(withoutSecrets), deleted },
    unchanged: unchanged.map(withoutSecrets),
    failed: failed.map(({ id, error }) => ({ id, error: plainError(error) })),
  };
}

/** An error as JSON has it. The message lacks the operation, which the constructor of PuntError puts before it. */
interface PlainError {
  readonly op: string;
  readonly code: string;
  readonly message: string;
  readonly details: Record<string, unknown>;
}

function plainError(error: Partial<PuntError> & Error): PlainError {
  const { op = "cluster.answer", code = "ERR_INTERNAL", message, details = {} } = error;
  return { op, code, message: messageOf({ op, message }), details };
}

function revivedError(error: unknown): PuntError {
  const { op, code, message, details }: Partial<Record<string, unknown>> = Object(error);
  const text = (value: unknown, otherwise: string) => (typeof value === "string" ? value : otherwise);
  const says = text(message, "no reason was given");
  return new PuntError(text(op, "punt.apply"), text(code, "ERR_INTERNAL"), says, Object(details ?? {}));
}

function plainNumbers(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

/**
 * Reads an answer, which stood in `key`.
 *
 * @throws PuntError as the manager of the daemon threw it; ERR_ETCD_CONTENT
 */
export function answerIn<T>(text: string, key: string): T {
  const { value, error } = parseJson(key, text) as { value?: T; error?: unknown };
  if (error) throw revivedError(error);
  return value as T;
}

/** How errors call what a daemon has been asked. */
const QUESTION = "a question";
/** How errors call what a daemon has answered. */
const ANSWER = "an answer";

/** @throws PuntError ERR_ETCD_CONTENT */
export function statusIn(status: PuntStatus): PuntStatus {
  return revived(status, ANSWER);
}

/** @throws PuntError ERR_ETCD_CONTENT */
export function dryRunIn(found: DryRun): DryRun {
  const { steps, punts } = Object(found) as DryRun;
  if (![steps, punts].every(Array.isArray)) throw content(ANSWER, "is not a plan");
  return new DryRun(steps, punts);
}

/** @throws PuntError ERR_ETCD_CONTENT */
export function explanationIn<T extends object>(found: T): T {
  if (typeof found !== "object" || found === null) throw content(ANSWER, "explains nothing");
  return found;
}

/** @throws PuntError ERR_ETCD_CONTENT */
export function applyResultIn(result: ApplyResult): ApplyResult {
  const { added, updated, unchanged, deleted, failed } = Object(result) as ApplyResult;
  if (![added, updated, unchanged, deleted, failed].every(Array.isArray))
    throw content(ANSWER, "is not the result of an apply");
  return {
    ...result,
    failed: failed.map((each) => ({ ...each, error: revivedError(each?.error) })),
    ...{ added: added.map(statusIn), updated: updated.map(statusIn), unchanged: unchanged.map(statusIn) },
  };
}
