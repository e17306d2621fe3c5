// The linux-cp plugin.
export { Lcp, type LcpPair } from "./lcp.js";
