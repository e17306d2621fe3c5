// The operations of an embedded VPP, in this process or in another.
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

/** Which interfaces of the emulated host are listed. A part that is absent fits all. */
export interface HostInterfaceFilter {
  readonly name?: string;
  /** Path of the namespace; "" for VPP's own. */
  readonly namespace?: string;
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
 * The operations of an embedded VPP, in this process or in another. Callers name interfaces by VPP's name or by their tag;
 * frames are whole Ethernet frames, or bare packets on an interface in IP mode.
 */
export interface VppControl {
  readonly apiSocket: string;
  /** Undefined if this VPP has no punt socket. */
  readonly puntSocket: string | undefined;
  /** Undefined if this VPP has no statistics segment. */
  readonly statsSocket: string | undefined;
  readonly directory: string;
  /** Of the process that VPP runs in. */
  readonly pid: number;

  /** Gives frames to VPP as if they came from the wire of an interface. @throws PuntError ERR_NO_INTERFACE */
  inject(name: string, frames: Uint8Array | readonly Uint8Array[]): Promise<void>;
  /** Returns the frames that have left an interface since the last call for it. Watching starts with the first call. */
  transmitted(name: string): Promise<Uint8Array[]>;
  /** Sends frames from the emulated host to VPP, through the host's end of a TAP. @throws PuntError ERR_NO_INTERFACE */
  hostSend(name: string, frames: Uint8Array | readonly Uint8Array[], namespace?: string): Promise<void>;
  /** Returns the frames that VPP has sent to the emulated host's interface since the last call. */
  hostReceived(name: string, namespace?: string): Promise<Uint8Array[]>;
  /** Sets the MTU of the emulated host's interface, as `ip link set mtu` does. A TAP begins with 1,500. @throws PuntError ERR_NO_INTERFACE */
  setHostMtu(name: string, mtu: number, namespace?: string): Promise<void>;
  /** Lists the emulated host's interfaces: all, or those of a name or a namespace. */
  hostInterfaces(filter?: HostInterfaceFilter): Promise<HostInterfaceInfo[]>;
  /** Returns VPP's interfaces, with their states and counters. */
  interfaces(): Promise<InterfaceInfo[]>;
  /** Returns the counters of the nodes, as `show errors` lists them. */
  counters(): Promise<NodeCounter[]>;
  /** Returns VPP's log. It has the reasons of refusals, which the API answers only with a number. */
  log(): Promise<string[]>;
  /** Runs a line of VPP's command line, and returns its output. */
  cli(line: string): Promise<string>;

  /**
   * Adds a fault: see `FaultRule`.
   *
   * @example
   * ```ts
   * import { EmbeddedVpp } from "vpp-punt/sim";
   *
   * await using sim = await EmbeddedVpp.start();
   * await sim.addFault({ message: "create_loopback", nth: 2, action: { kind: "refuse", error: "VALUE_EXIST" } });
   * ```
   */
  addFault(rule: FaultRule): Promise<void>;
  /** Removes all faults. */
  clearFaults(): Promise<void>;

  /** Stops VPP and starts it again with the same paths and nothing else of its state. `downMs` is the time between, default 0. */
  restart(options?: { downMs?: number }): Promise<void>;
  /** Stops VPP and removes its files. */
  close(): Promise<void>;
}
