// Looking at the packets of a punt, at the CNF's ends.
export { type DumpInterfaces, type EndsOptions, type OpenEnds, openEnds, type TakenPacket } from "./ends.js";
