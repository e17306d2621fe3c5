// The embedded VPP.
export { VNET_ERRORS, type VnetErrorName } from "../binapi/index.js";
export type { HostInterfaceFilter, HostInterfaceInfo, InterfaceInfo, VppControl } from "./control.js";
export type { InterfaceCounters, NodeCounter } from "./dataplane/index.js";
export type { HostInterface, HostInterfaceEvents } from "./devices/index.js";
export { EmbeddedVpp, type Wire, type WireEvents } from "./embedded-vpp.js";
export type { FaultAction, FaultRule, Faults } from "./faults.js";
export type { EmbeddedVppOptions, WireOptions } from "./options.js";
export type { SpawnedVpp } from "./spawned-vpp.js";
