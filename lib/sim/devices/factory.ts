// The devices that the API asks for, and their settings.
import type { Device, SwInterface } from "../dataplane/index.js";

/** Settings of one memif interface. Only the names of the roles differ from the API's. */
export interface MemifConfig {
  path: string;
  id: number;
  role: "server" | "client";
  mode: "ethernet" | "ip";
  ringSize: number;
  bufferSize: number;
  rxQueues: number;
  txQueues: number;
  secret: string;
}

/** A device that gets its interface after its creation. */
export interface AttachableDevice extends Device {
  attach(swInterface: SwInterface): void;
}

export type MemifDevice = AttachableDevice;

/** The host's side of a TAP that VPP makes. */
export interface TapConfig {
  hostName: string;
  /** A name, a path or "pid:<n>", as VPP takes it; "" is VPP's own namespace. */
  namespace: string;
  hostMac: Uint8Array;
  /** Prefixes, such as "10.0.0.2/24". */
  addresses: string[];
  gateways: string[];
  /** 0 is the host's default. */
  mtu: number;
  bridge: string;
  isTun: boolean;
}

/** A device of VPP with an end on the host. */
export interface HostDevice {
  readonly device: Device;
  /** Of the host's interface. */
  readonly name: string;
  readonly namespace: string;
  readonly mac: Uint8Array;
  readonly ifIndex: number;
  attach(swInterface: SwInterface): void;
}

/** Makes the devices of interfaces. Refuses with VPP's errors. */
export interface DeviceFactory {
  memif(config: MemifConfig): MemifDevice | Promise<MemifDevice>;
  tap(config: TapConfig): HostDevice | Promise<HostDevice>;
  afPacket(hostName: string): HostDevice | Promise<HostDevice>;
}
