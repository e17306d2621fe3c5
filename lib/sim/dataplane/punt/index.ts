// Punt: the punt arcs, punt reasons and punt sockets.

export { Punt } from "./punt.js";
export { type PuntRegistration, PuntSocketNode, type PuntTransport } from "./punt-socket.js";
