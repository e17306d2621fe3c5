// The embedded VPP of the demo, in a process of its own, with its interfaces and addresses as an operator would set them up.
import { EmbeddedVpp, type SpawnedVpp } from "../lib/sim/index.js";
import { ROUTER } from "./punts.js";

/** Interfaces of VPP: the first part uses `lan` and `wan`, the others are for one type of punt each. */
const interfaces = ["lan", "wan", "abx", "isis", "span", "hairpin", "xconnect1", "xconnect2"] as const;
export type InterfaceName = (typeof interfaces)[number];

/** In the VRF of the hairpin its new interface has the router's address again. */
export const HAIRPIN_VRF = 1;

const addresses: readonly (readonly [InterfaceName, string])[] = [
  ["lan", ROUTER.ip4],
  ["lan", ROUTER.ip6],
  ["abx", "10.10.2.1/24"],
  ["isis", "10.10.3.1/24"],
];

/** VPP receives a multicast group only with a route for it. For a routing daemon, VPP's own configuration adds the route for OSPF's group. */
const ospfGroup = (name: InterfaceName) => [`ip mroute add 224.0.0.5 via ${name} Accept`];

/** Run at every start, as `exec` in VPP's startup.conf is. */
const exec = [
  ...interfaces.map((name) => `set interface state ${name} up`),
  ...addresses.map(([name, prefix]) => `set interface ip address ${name} ${prefix}`),
  ...ospfGroup("lan"),
  "ip mroute add 224.0.0.5 via local Forward",
];

export function startVpp(): Promise<SpawnedVpp> {
  // The MAC of the capture's router, so that VPP takes the frames that were sent to it.
  return EmbeddedVpp.spawn({ interfaces: interfaces.map((name) => ({ name, mac: ROUTER.mac })), exec });
}
