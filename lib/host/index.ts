// The Linux side of interconnects: this machine or an emulated one.
export type { EnginePlace } from "../containers/index.js";
export { ContainerHost } from "./container-host.js";
export { EmulatedHost, type EmulatedInterface, type EmulatedInterfaces } from "./emulated-host.js";
export type { Absence, Host, HostChange, HostLink } from "./host.js";
export { InsideHost } from "./inside-host.js";
export { LinuxHost } from "./linux-host.js";
