// Layer 2: the cross-connect, and SPAN.
export { Span } from "./span.js";
export { L2Xconnect } from "./xconnect.js";
