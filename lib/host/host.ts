// The Linux side of interconnects, as the manager uses it. `LinuxHost` is this machine; tests with the embedded VPP use another one.

/** A network device in one namespace. */
export interface HostLink {
  readonly name: string;
  readonly mac: string;
  /** Bytes. */
  readonly mtu: number;
  readonly up: boolean;
  /** The master, such as a VRF device; "" for none. */
  readonly master: string;
  /** Device group. Devices of a manager are recognized by it. */
  readonly group: number;
  /** `veth`, `tun`, `vrf`...; "" for a physical device. */
  readonly kind: string;
  /** Routing table of a VRF device. */
  readonly table?: number;
  /** Whether senders leave checksums to the device. Undefined unless the device is an end of a manager's veth pair. */
  readonly checksumOffload?: boolean;
  /** Addresses with prefix length. Addresses that the kernel or a DHCP client made are left out. */
  readonly addresses: readonly string[];
}

/** One change. The kernel makes it as a whole or refuses it as a whole. */
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
  /** Moves the device into another namespace, "" for the manager's own. It comes there down and without addresses. */
  | { readonly change: "move-link"; readonly name: string; readonly to: string }
  | {
      readonly change: "set-link";
      readonly name: string;
      readonly up?: boolean;
      readonly mtu?: number;
      readonly mac?: string;
      readonly checksumOffload?: boolean;
      /** "" removes the device from its VRF. */
      readonly master?: string;
    }
  | { readonly change: "add-address"; readonly name: string; readonly address: string }
  | { readonly change: "delete-address"; readonly name: string; readonly address: string };

/** Why a namespace or a container is not there. */
export interface Absence {
  readonly kind: "container" | "namespace";
  /** For people: `network namespace /run/netns/cnf1`. */
  readonly text: string;
  /** It may exist: the look at it failed. */
  readonly isUnknown?: true;
}

/** The Linux side. A namespace is given by a path that can be opened, such as `/run/netns/cnf1`; "" is the manager's own. */
export interface Host {
  /** Whether VPP can make TAPs. Left out: the manager tries. */
  readonly hasVhostNet?: boolean | undefined;
  /** False if the devices are inside of VPP, so that nothing can be set on them. Default true. */
  readonly hasDevices?: boolean;
  /** Returns the identity of a namespace, which is the same for all of its names; undefined if there is none, or it cannot be seen. */
  identify(namespace: string): Promise<string | undefined>;
  /** Says why a namespace cannot be identified, where more is known than its path. */
  explain?(namespace: string): Absence | undefined;
  /** Says why a container, such as `microservice:dns`, does not run; undefined if it does. Left out: containers are not known. */
  missesContainer?(name: string): Promise<Absence | undefined>;
  /** Returns the paths of named namespaces, in which an earlier run may have left devices. */
  namedNamespaces(): Promise<string[]>;
  /** Lists the devices of a namespace. @throws PuntError with the kernel's message */
  links(namespace: string): Promise<HostLink[]>;
  /** Returns the names of the devices if that costs much less than `links`, otherwise undefined. */
  deviceNames?(namespace: string): Promise<readonly string[] | undefined>;
  /** Makes a change. @throws PuntError with the errno name and the kernel's message */
  change(namespace: string, change: HostChange): Promise<void>;
  /** Called when the manager that uses the host is closed. Left out: nothing is held for one manager. */
  release?(): void;
}
