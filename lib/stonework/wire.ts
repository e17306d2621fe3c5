// StoneWork's messages and services, as code: what a CNF of its own, or a test, is written with.

export * from "./gen/cnfreg/cnfreg_pb.js";
export * from "./gen/ligato/generic/manager_pb.js";
export * from "./gen/ligato/generic/meta_pb.js";
export * from "./gen/ligato/generic/model_pb.js";
export { InterfaceSchema as LinuxInterfaceSchema } from "./gen/ligato/linux/interfaces/interface_pb.js";
export { ACL_Rule_IpRuleSchema } from "./gen/ligato/vpp/acl/acl_pb.js";
export { InterfaceSchema as VppInterfaceSchema } from "./gen/ligato/vpp/interfaces/interface_pb.js";
export { L3Protocol, L4Protocol } from "./gen/ligato/vpp/punt/punt_pb.js";
export * from "./gen/puntmgr/puntmgr_pb.js";
export { PuntSchema } from "./gen/vpppunt/punt_pb.js";
