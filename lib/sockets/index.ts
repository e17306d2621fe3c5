// Sockets that listen, and connections whose other end may be silent.
export { endIfSilent, isAnswering, PING_INTERVAL_MS, type Pinged } from "./http2-silence.js";
export { Quota } from "./quota.js";
export { SilentConnections } from "./silent-connections.js";
export { closeAt, inodeOf, isListening, removeStaleSocket, setSocketRights } from "./socket-file.js";
export { type Listening, listenAt } from "./tcp-server.js";
