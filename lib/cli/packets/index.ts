// Packets on the command line: the ends of a punt, what is printed or written of them, and packets to inject.

export { type OpenEnds, openEnds, type TakenPacket } from "../../dump/index.js";
export { type CaptureFormat, CaptureOutput } from "./capture-output.js";
export { type Injected, readHex, readPcap } from "./injected.js";
export { type ReceivingOptions, receivePackets } from "./receiving.js";
export { Tap } from "./tap.js";
