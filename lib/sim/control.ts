import type { InterfaceCounters, NodeCounter } from "./dataplane/index.js";
import type { FaultRule } from "./faults.js";

/** An interface of the embedded VPP as the API shows it, with its counters. */
export interface InterfaceInfo {
  name: string;
  swIfIndex: number;
  tag: string;
  adminUp: boolean;
  linkUp: boolean;
  mac: string | undefined;
  counters: InterfaceCounters;
}

/** A host interface that a TAP or an af_packet interface ends at. */
export interface HostInterfaceInfo {
  name: string;
  namespace: string;
  mac: string;
  ifIndex: number;
  mtu: number;
  addresses: readonly string[];
}

/**
 * What can be done with an embedded VPP, in this process or another. Interfaces are named by VPP's name or by their tag;
 * frames are whole Ethernet frames, or bare packets on an interface in IP mode.
 */
export interface VppControl {
  readonly apiSocket: string;
  /** Undefined: it has none. */
  readonly puntSocket: string | undefined;
  readonly directory: string;
  /** Of the process it runs in. */
  readonly pid: number;

  /** Frames from the wire of an interface. Throws ERR_NO_INTERFACE. */
  inject(name: string, frames: Uint8Array | readonly Uint8Array[]): Promise<void>;
  /** The frames that have left an interface since the first call for it, or the last one: watching starts with the first. */
  transmitted(name: string): Promise<Uint8Array[]>;
  /** Frames from a program on the emulated host: to the VPP end of the TAP. Throws ERR_NO_INTERFACE. */
  hostSend(name: string, frames: Uint8Array | readonly Uint8Array[], namespace?: string): Promise<void>;
  /** The frames VPP has sent to the emulated host's interface since the last call. */
  hostReceived(name: string, namespace?: string): Promise<Uint8Array[]>;
  /** Sets the MTU of the emulated host's interface, as `ip link set mtu` does. A TAP begins with 1,500. Throws ERR_NO_INTERFACE. */
  setHostMtu(name: string, mtu: number, namespace?: string): Promise<void>;
  hostInterfaces(): Promise<HostInterfaceInfo[]>;
  interfaces(): Promise<InterfaceInfo[]>;
  /** What the nodes counted, as `show errors`. */
  counters(): Promise<NodeCounter[]>;
  /** VPP's log: there are the reasons of what the API refused. */
  log(): Promise<string[]>;
  /** A line of VPP's command line. */
  cli(line: string): Promise<string>;

  /** Something goes wrong from now on: see `FaultRule`. */
  addFault(rule: FaultRule): Promise<void>;
  clearFaults(): Promise<void>;

  /** VPP stops and starts again: same paths, everything else forgotten. `downMs`: how long it is away. Default 0. */
  restart(options?: { downMs?: number }): Promise<void>;
  close(): Promise<void>;
}
