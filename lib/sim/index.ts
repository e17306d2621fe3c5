export { VNET_ERRORS, type VnetErrorName } from "../binapi/index.js";
export type { HostInterfaceInfo, InterfaceInfo, VppControl } from "./control.js";
export type { NodeCounter } from "./dataplane/graph.js";
export type { InterfaceCounters } from "./dataplane/interface.js";
export type { HostInterface, HostInterfaceEvents } from "./devices/host-interface.js";
export { EmbeddedVpp, type Wire, type WireEvents } from "./embedded-vpp.js";
export type { FaultAction, FaultRule, Faults } from "./faults.js";
export type { EmbeddedVppOptions, WireOptions } from "./options.js";
export type { SpawnedVpp } from "./spawned-vpp.js";
