// The ExplainFrames call: which punts get the frames that an interface of VPP receives, and why the others do not.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { PuntError } from "../../errors.js";
import { type ExplainedFrame, explainFrames as explainAll, type FramesOn } from "../../explain/index.js";
import type { ExplainedFrameSchema, ExplainFramesRequest, ExplainFramesResponseSchema } from "../../wire/index.js";
import type { Parts, Scope } from "./scope.js";

/** The frames of one call. A trace of one may take a second. */
const MOST_FRAMES = { plain: 1_000, traced: 10 };

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
  const on = { interface: name, trace };
  const isShown = (vppName: string) => scope.view.rights.showsInterface(vppName);
  const own = async () => {
    const { punts } = await parts.snapshots.now();
    return explainAll(parts.vpp, punts, frames, on, { isShown, signal });
  };
  const found = elsewhere
    ? ((await elsewhere.explainFrames({ frames, ...on })) as readonly ExplainedFrame[])
    : await scope.looking(signal, own);
  return { frames: found.map((each) => shown(each, scope)) };
}

/** Explains frames on this host to an operator elsewhere. */
export async function explainFramesToOperator(
  { vpp, punts }: Sources,
  { frames, ...on }: FramesOn & { readonly frames: readonly Uint8Array[] },
): Promise<readonly ExplainedFrame[]> {
  return explainAll(vpp, await punts.list(), frames, on);
}

/** Returns an explanation as the caller may see it. Punts of others have had their effect on the frame, and no name. */
function shown(found: ExplainedFrame, { view }: Scope): MessageInitShape<typeof ExplainedFrameSchema> {
  const { text, interface: name, steps, punts, reaches, ends, trace } = found;
  const own = <T extends { readonly id: ExplainedFrame["reaches"][number] }>(list: readonly T[]) =>
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
