// The Linux side of interconnects, as the manager sees it. `LinuxHost` is the machine; tests with the embedded VPP have another.

/** A network device in one namespace. */
export interface HostLink {
  readonly name: string;
  readonly mac: string;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
  /** The VRF device it is enslaved to; "" for none. */
  readonly master: string;
  /** Device group: how devices made here are known again. */
  readonly group: number;
  /** `veth`, `tun`, `vrf`...; "" for a physical one. */
  readonly kind: string;
  /** Routing table, of a VRF device. */
  readonly table?: number;
  /** Addresses with prefix length, those the kernel or a DHCP client made left out. */
  readonly addresses: readonly string[];
}

/** One change. Each is refused by the kernel as a whole or done as a whole. */
export type HostChange =
  | { readonly change: "add-vrf"; readonly name: string; readonly table: number; readonly group: number }
  | {
      readonly change: "add-veth";
      readonly name: string;
      readonly group: number;
      readonly peer: string;
      readonly peerNamespace: string;
      readonly peerMac: string;
    }
  | { readonly change: "delete-link"; readonly name: string }
  | {
      readonly change: "set-link";
      readonly name: string;
      readonly up?: boolean;
      readonly mtu?: number;
      readonly mac?: string;
      /** "" takes it out of its VRF. */
      readonly master?: string;
    }
  | { readonly change: "add-address"; readonly name: string; readonly address: string }
  | { readonly change: "delete-address"; readonly name: string; readonly address: string };

/** A namespace is named by a path that can be opened, such as `/run/netns/cnf1`; "" is the manager's own. */
export interface Host {
  /** Whether VPP can make TAPs on this machine. */
  readonly hasVhostNet: boolean;
  /** False where the devices are inside of VPP, so that nothing can be set on them. Default true. */
  readonly hasDevices?: boolean;
  /** What tells one namespace from another, however it was named; undefined where there is none. */
  identify(namespace: string): Promise<string | undefined>;
  /** Paths of the named namespaces, in which something of an earlier run may be left. */
  namedNamespaces(): Promise<string[]>;
  links(namespace: string): Promise<HostLink[]>;
  /** Names of its devices, where they can be told at much less cost than `links`; undefined where they cannot. */
  deviceNames?(namespace: string): Promise<readonly string[] | undefined>;
  /** @throws PuntError with the kernel's words */
  change(namespace: string, change: HostChange): Promise<void>;
}
