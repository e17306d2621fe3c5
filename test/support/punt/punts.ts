// One punt of each type, as tests ask for them.
import type { PuntRequestInput, PuntType } from "../../../lib/punt/index.js";

export const puntTypes: readonly PuntType[] = [
  "HAIRPIN_XCONNECT",
  "HAIRPIN",
  "SPAN",
  "ABX",
  "PUNT_TO_SOCKET",
  "DHCP_PROXY",
  "ISISX",
];

export interface Place {
  readonly cnf: string;
  readonly key?: string;
  readonly label?: string;
  readonly netns?: string;
  readonly interconnect: "TAP" | "MEMIF";
  /** Names the interfaces, the VRF or the port that a punt is about: equal numbers, equal subjects. */
  readonly subject: number;
  /** Makes names of new interfaces and socket paths different from another punt's. */
  readonly unique: number;
  /** Folder for sockets. */
  readonly folder?: string;
}

/** Interfaces a punt of that subject may name. */
export function interfacesOf(subject: number): [string, string] {
  return [`if${2 * subject}`, `if${2 * subject + 1}`];
}

/** VRF of DHCP proxies of that subject: VPP has only one default table, so every other needs a table of its own. */
function vrfOf(subject: number): number {
  return subject;
}

export function portOf(subject: number): number {
  return 1000 + subject;
}

export function puntOf(type: PuntType, place: Place): PuntRequestInput {
  const { cnf, key = "item", label = type, netns, interconnect, subject, unique, folder = "/run" } = place;
  const [first, second] = interfacesOf(subject);
  const common = { cnf, key, label, ...(netns !== undefined && { netns: { name: netns } }) };
  switch (type) {
    case "HAIRPIN_XCONNECT":
      return { ...common, type, interconnect, vppInterface1: first, vppInterface2: second };
    case "HAIRPIN":
      return {
        ...common,
        type,
        interconnect,
        vppInterface: first,
        hairpinInterface: { name: `hairpin${unique}`, ipAddresses: [`10.200.${unique}.1/24`] },
      };
    case "SPAN":
      return { ...common, type, interconnect, vppInterface: first };
    case "ABX":
      return {
        ...common,
        type,
        interconnect,
        vppInterface: first,
        ingressAclRules: [
          { destinationNetwork: "local", protocol: "OSPF" },
          { destinationNetwork: "local", protocol: "TCP", destinationPort: 179 },
        ],
        egressAclRules: [{}],
      };
    case "PUNT_TO_SOCKET":
      return {
        ...common,
        type,
        toHost: { af: "IPV4", protocol: "UDP", port: portOf(subject) },
        socketPath: `${folder}/punt${unique}.sock`,
      };
    case "DHCP_PROXY":
      return { ...common, type, interconnect, vrf: vrfOf(subject) };
    case "ISISX":
      return { ...common, type, interconnect, vppInterface: first };
  }
}
