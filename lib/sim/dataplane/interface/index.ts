// Interfaces, and where frames enter and leave the graph.
export { type InputNode, receiveFrame, TRACED_NODES } from "./device-input.js";
export { defineEthernetInput } from "./ethernet.js";
export { type Device, type InterfaceCounters, InterfaceIp, InterfaceTable, SwInterface } from "./interface.js";
export { defineInterfaceOutput } from "./output.js";
export type { Plane } from "./plane.js";
export { SubinterfaceDevice, tagged } from "./subinterface.js";
