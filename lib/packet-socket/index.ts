// Ports over packet sockets (AF_PACKET): the frames of a Linux device, such as a TAP of VPP's.
export type { LinkState } from "./link.js";
export type { PacketSocketOptions, PacketSocketSource, PacketSocketTuning } from "./options.js";
export { type PacketHandler, PacketSocket, type PacketSocketEvents } from "./packet-socket.js";
export type { PacketSocketStats } from "./stats.js";
