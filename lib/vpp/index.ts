// Helpers for long-lived programs: a connection that waits for VPP, and a table of VPP's interfaces.
export { byUniqueTag, InterfaceTable, type TableInterface } from "./interface-table.js";
export { LateVpp } from "./late-vpp.js";
