// The ExplainFrames call: which punts get the frames that an interface of VPP receives, and why the others do not.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import { explainFrame, type FrameExplanation, type FrameTrace, frameFacts, traceFrame } from "../../explain/index.js";
import type { ExplainedFrameSchema, ExplainFramesRequest, ExplainFramesResponseSchema } from "../../wire/index.js";
import type { Parts, Scope } from "./scope.js";

/** The frames of one call. A trace of one may take a second. */
const MOST_FRAMES = { plain: 1_000, traced: 10 };

interface Explained extends FrameExplanation {
  readonly trace?: FrameTrace;
}

interface Asked {
  readonly frames: readonly Uint8Array[];
  readonly interface: string;
  readonly trace: boolean;
  /** Whether the caller may learn that VPP has an interface. */
  isShown(vppName: string): boolean;
  readonly signal?: AbortSignal;
}

type Sources = Pick<Parts, "vpp" | "punts">;

/**
 * Answers ExplainFrames, also about another host.
 *
 * @throws PuntError ERR_NO_INTERFACE; ERR_INVALID_PACKET; ERR_POLICY: a trace is for operators; ERR_OPTION: too many frames; of VPP,
 * while it is away; ERR_NOT_LEADER
 */
export async function explainFrames(
  parts: Parts,
  { frames, interface: name, trace }: ExplainFramesRequest,
  scope: Scope,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof ExplainFramesResponseSchema>> {
  const most = trace ? MOST_FRAMES.traced : MOST_FRAMES.plain;
  if (frames.length > most) {
    const message = `a call takes ${most} frames at most${trace ? " with a trace" : ""}; this one has ${frames.length}`;
    throw new PuntError(scope.op, "ERR_OPTION", message, { option: "frames" });
  }
  if (trace) scope.requireTrace();
  const { elsewhere } = scope;
  const isShown = (vppName: string) => scope.view.rights.showsInterface(vppName);
  const found = elsewhere
    ? await elsewhere.explainFrames({ frames: frames.map(toHex), interface: name, trace })
    : await explained(parts, { frames, interface: name, trace, isShown, signal });
  return { frames: (found as readonly Explained[]).map((each) => shown(each, scope)) };
}

/** Explains frames on this host to an operator elsewhere. The frames are in hex. */
export function explainFramesToOperator(
  sources: Sources,
  { frames, interface: name, trace }: { frames: readonly string[]; interface: string; trace: boolean },
): Promise<readonly Explained[]> {
  const bytes = frames.map((text) => Buffer.from(text, "hex"));
  return explained(sources, { frames: bytes, interface: name, trace, isShown: () => true });
}

async function explained({ vpp, punts }: Sources, asked: Asked): Promise<readonly Explained[]> {
  const { frames, interface: name, trace: isTraced, isShown, signal } = asked;
  const statuses = await punts.list();
  const facts = await frameFacts(vpp);
  const all: Explained[] = [];
  for (const frame of frames) {
    // The caller has gone: what is left is not sent.
    if (signal?.aborted) break;
    const found = explainFrame(facts, statuses, { frame, interface: name }, isShown);
    const trace = isTraced ? await traceFrame(vpp, { frame, interface: found.interface }) : undefined;
    all.push({ ...found, ...(trace && { trace }) });
  }
  return all;
}

/** Returns an explanation as the caller may see it. Punts of others have had their effect on the frame, and no name. */
function shown(found: Explained, { view }: Scope): MessageInitShape<typeof ExplainedFrameSchema> {
  const { text, interface: name, steps, punts, reaches, ends, trace } = found;
  const own = <T extends { readonly id: Explained["reaches"][number] }>(list: readonly T[]) =>
    list.filter(({ id }) => view.sees(id)).map((each) => ({ ...each, id: view.idOut(each.id) }));
  return {
    text,
    interface: name,
    steps: steps.map((step) => ({ ...step, fact: view.text(step.fact) })),
    punts: own(punts).map(({ id, stage, treatment, why }) => ({ id, stage, treatment, why: view.text(why) })),
    reaches: reaches.filter((id) => view.sees(id)).map((id) => view.idOut(id)),
    ends: own(ends).map(({ id, ...step }) => ({ id, step: { ...step, fact: view.text(step.fact) } })),
    trace: trace?.text ?? "",
    traceCaveat: trace?.caveat ?? "",
  };
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
