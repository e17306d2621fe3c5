// Punt: the punt arcs, punt reasons and punt sockets.

export { Punt } from "./punt.js";
export { type PuntRegistration, PuntSocket, type PuntTransport } from "./punt-socket.js";
