// The devices behind the interfaces of the embedded VPP: memif ports, TAPs, the emulated host, the punt socket.
export { EmulatedDevices } from "./emulated-devices.js";
export type { DeviceFactory, HostDevice, MemifConfig, MemifDevice } from "./factory.js";
export { HostInterface, type HostInterfaceEvents } from "./host-interface.js";
export { LinuxDevices } from "./linux-devices.js";
export { LoopbackDevice } from "./loopback.js";
export { DeafMemifDevice, EngineMemifDevice } from "./memif.js";
export { SocketPuntTransport } from "./punt-transport.js";
export { WireDevice } from "./wire.js";
