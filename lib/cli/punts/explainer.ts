// Explanations of punts and frames by the daemon that has the punts: directly, or through etcd.
import type { EtcdPunts } from "../../cluster/index.js";
import type { ExplainedFrame, FramesOn, Step } from "../../explain/index.js";
import type { PuntId } from "../../punt/index.js";
import { idFromWire, type WayStep, type ExplainedFrame as WireFrame } from "../../wire/index.js";
import type { RemotePunts } from "./daemon.js";

/** An explanation of a punt. */
export interface PuntExplanation {
  readonly steps: readonly Step[];
  /** VPP's trace, where it was asked for. */
  readonly trace?: string;
}

export interface Explainer {
  /** `traceMs`: milliseconds of VPP's trace; 0 for none. */
  punt(id: PuntId, traceMs: number): Promise<PuntExplanation>;
  frames(frames: readonly Uint8Array[], on: FramesOn): Promise<readonly ExplainedFrame[]>;
}

/** Asks a daemon. */
export function explainerOfDaemon(punts: RemotePunts): Explainer {
  return {
    async punt(id, traceMs) {
      const { steps, trace } = await punts.explain(id, { traceMs });
      return { steps: steps.map(stepOf), ...(traceMs > 0 && { trace }) };
    },
    async frames(frames, on) {
      const found = await punts.explainFrames(frames, on);
      return found.map((each) => frameOf(each, on.trace));
    },
  };
}

function frameOf(wire: WireFrame, isTraced: boolean): ExplainedFrame {
  const { text, interface: name, trace, traceCaveat: caveat } = wire;
  return {
    ...{ text, interface: name, steps: wire.steps.map(stepOf), reaches: wire.reaches.map(idFromWire) },
    punts: wire.punts.map(({ id, stage, treatment, why }) => {
      // A newer daemon may have more words than this command.
      return { id: idFromWire(id), stage, treatment, why } as ExplainedFrame["punts"][number];
    }),
    ends: wire.ends.map(({ id, step }) => ({ id: idFromWire(id), ...stepOf(step!) })),
    ...(isTraced && { trace: { text: trace, ...(caveat !== "" && { caveat }) } }),
  };
}

function stepOf({ place, fact, verdict, remedy }: WayStep): Step {
  return { place, fact, verdict: verdict as Step["verdict"], ...(remedy !== "" && { remedy }) };
}

/** Asks the daemon that acts for a host, through etcd. */
export function explainerOfEtcd(punts: EtcdPunts): Explainer {
  return {
    async punt(id, traceMs) {
      const { steps, trace } = (await punts.explain(id, traceMs)) as PuntExplanation;
      return { steps, ...(traceMs > 0 && { trace: trace ?? "" }) };
    },
    async frames(frames, on) {
      return (await punts.explainFrames({ frames, ...on })) as readonly ExplainedFrame[];
    },
  };
}
