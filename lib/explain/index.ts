// Explains why a packet reaches a punt's CNF or does not: step by step, and with VPP's own trace.
export { explainFrame, type FrameExplanation, type FrameOn, frameFacts, type PuntTaking } from "./frame.js";
export { type ExplainedFrame, explainFrames, type FramesOn } from "./frames.js";
export { dueFor, explainPunt, type PuntSources } from "./punt.js";
export type { Step, Verdict } from "./steps.js";
export { type FrameTrace, traceFrame, traceNext } from "./trace.js";
