// What a long-lived program needs beside the client of the binary API: a connection that waits for VPP, and a table of interfaces.
export { byUniqueTag, InterfaceTable, type TableInterface } from "./interface-table.js";
export { LateVpp } from "./late-vpp.js";
