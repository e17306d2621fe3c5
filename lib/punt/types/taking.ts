// How VPP treats a received frame on account of a punt: taken, copied, or passed by, and the reason.
import { IP_PROTOCOL } from "../../net/index.js";
import type { FrameHeaders, IpHeaders } from "../../packet/index.js";
import type { Facts, VppInterface } from "../items/index.js";

/** A frame as VPP receives it. */
export interface ReceivedFrame extends FrameHeaders {
  /** The receiving interface. */
  readonly on: VppInterface;
}

/**
 * The places where VPP takes frames out, in the order in which a frame comes to them: at the device, on the wire of a cross-connect, by a
 * feature of the interface, and at last as a packet for VPP itself.
 */
export const STAGES = ["device", "wire", "feature", "local"] as const;
export type Stage = (typeof STAGES)[number];

/** The treatment of a frame on account of one punt. */
export interface Taking {
  readonly stage: Stage;
  /** `copy`: the CNF gets a copy, and the frame goes on. `taken`: the frame ends at the CNF. `passed`: the punt does not see it. */
  readonly treatment: "copy" | "taken" | "passed" | "unknown";
  /** For people: `ingressAclRules[0] matches: UDP any -> any port 53`. */
  readonly why: string;
}

/** Returns why a punt of one interface does not see a frame of another one; undefined if it is the punt's interface. */
export function otherInterface(name: string, { on }: ReceivedFrame, facts: Facts): string | undefined {
  const found = facts.interface(name);
  if (found === undefined) return `VPP has no interface ${name}`;
  return found.swIfIndex === on.swIfIndex ? undefined : `the punt is on ${name}`;
}

/** Returns a protocol by its name, or its number. */
export function protocolName(protocol: number): string {
  const found = Object.entries(IP_PROTOCOL).find(([, number]) => number === protocol);
  return found?.[0] ?? `protocol ${protocol}`;
}

/** Returns why VPP does not take an IP packet for its own; undefined if it does. */
export function notForVpp({ destination, family }: IpHeaders, facts: Facts): string | undefined {
  const isOwn = facts.interfaces.some(({ addresses }) =>
    addresses?.some((address) => address.split("/")[0] === destination),
  );
  if (isOwn || (family === 6 && /^fe[89ab]/.test(destination))) return undefined;
  if (destination === "255.255.255.255")
    return /forwarding:.*dpo-receive/s.test(facts.broadcastRoutes ?? "")
      ? undefined
      : "VPP drops packets to 255.255.255.255: it has no route for them (`vppctl ip route add 255.255.255.255/32 via local`)";
  if (isMulticast(destination))
    return facts.multicastRoutes?.includes(`${destination}/`)
      ? undefined
      : `VPP has no multicast route for ${destination}: \`vppctl ${family === 6 ? "ip6" : "ip"} mroute add ${destination} via <interface> Accept\`, and \`via local Forward\``;
  return `${destination} is not an address of VPP: the packet is routed`;
}

function isMulticast(address: string): boolean {
  return address.includes(":") ? address.startsWith("ff") : /^2(2[4-9]|3\d)\./.test(address);
}
