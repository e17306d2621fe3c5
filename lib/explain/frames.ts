// Explains frames that one interface of VPP receives, and has VPP trace them on request.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { PuntStatus, VppApi } from "../punt/index.js";
import { explainFrame, type FrameExplanation, frameFacts } from "./frame.js";
import { type FrameTrace, traceFrame } from "./trace.js";

/** The interface of VPP that receives the frames, and whether VPP is to send and trace them. */
export interface FramesOn {
  /** Name or tag. */
  readonly interface: string;
  readonly trace: boolean;
}

/** An explanation of a frame. */
export interface ExplainedFrame extends FrameExplanation {
  /** VPP's trace, where it was asked for. */
  readonly trace?: FrameTrace;
}

export interface FramesOptions {
  /** Whether the explanation may name an interface of VPP. Default: every one. */
  readonly isShown?: (vppName: string) => boolean;
  /** Ends the work after the frame that VPP has: the others are neither explained nor sent. */
  readonly signal?: AbortSignal;
}

/** Explains each frame, in their order. @throws PuntError ERR_INVALID_PACKET; ERR_NO_INTERFACE; of VPP, while it is away */
export async function explainFrames(
  vpp: VppApi,
  statuses: readonly PuntStatus[],
  frames: readonly Uint8Array[],
  { interface: name, trace: isTraced }: FramesOn,
  { isShown, signal }: FramesOptions = {},
): Promise<ExplainedFrame[]> {
  const facts = await frameFacts(vpp);
  const all: ExplainedFrame[] = [];
  for (const frame of frames) {
    // Each frame costs a look at all punts: other work comes in between.
    await nextTurn();
    if (signal?.aborted) break;
    const found = explainFrame(facts, statuses, { frame, interface: name }, isShown);
    const trace = isTraced ? await traceFrame(vpp, { frame, interface: found.interface }) : undefined;
    all.push({ ...found, ...(trace && { trace }) });
  }
  return all;
}
