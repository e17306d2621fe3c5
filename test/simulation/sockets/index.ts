// The files that processes of the world open and pass on: stream sockets, punt sockets, memif links and packet sockets.
export { DatagramSocket } from "./datagrams.js";
export { VppMemif } from "./memifs.js";
export { CALLS, type Call, type OpenFile } from "./open-files.js";
export { readProc } from "./proc.js";
export { Sockets } from "./sockets.js";
