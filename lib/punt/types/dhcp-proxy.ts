// DHCP_PROXY: DHCP of a VRF.
import { type Family, familyOf, IP_PROTOCOL } from "../../net/index.js";
import { interfaceLink } from "../interconnect/index.js";
import type { Facts } from "../items/index.js";
import {
  dhcpProxyKeyPrefix,
  dhcpProxyPart,
  featureMissing,
  foreignOf,
  knownNeighborPart,
  Problem,
} from "../items/index.js";
import type { DhcpProxyRequest } from "../request/index.js";
import { missingTables } from "./dependencies.js";
import { DHCP_SERVER_PORTS, dhcpKeys } from "./dhcp-ports.js";
import type { Caveat, TypeHandler } from "./handler.js";
import { vrfSelector } from "./selectors.js";
import type { ReceivedFrame, Taking } from "./taking.js";

/** DHCP of one VRF, relayed to a server on the CNF's side of an interconnect with a subnet of its own. */
export const dhcpProxy: TypeHandler<DhcpProxyRequest> = {
  multiplexes: false,

  // VPP's dhcp6_proxy_node.c builds a new packet in the buffer of the server's answer and keeps the offload flags of that answer: the
  // checksum that the device fills in lands in the client's IPv6 header. So no GSO.
  needs: ({ vrf, withoutCnfVrf, enableGso, families }) => [
    {
      vppSelector: vrfSelector(vrf),
      link: interfaceLink({
        gso: enableGso && !families.includes("IPV6"),
        ...{ vrf, withoutCnfVrf, subnets: families.map(familyNumber) },
      }),
    },
  ],

  reach: ({ vrf }) => ({ interfaces: [], vrfs: [vrf] }),

  takes: (request, frame) => ({ stage: "local", ...relayed(request, frame) }),

  exclusiveKeys: ({ families }) => dhcpKeys(families),

  missing: ({ vrf, families }, facts) => missingTables(vrf, families.map(familyNumber), facts),

  caveats({ families, enableGso }) {
    if (!families.includes("IPV6")) return [];
    const answers = {
      code: "INTERFACE_ID_FIRST",
      text: "DHCPv6: VPP relays only answers with the Interface-Id before the Relay Message: those of ISC dhcpd, not those of dnsmasq",
      remedy: "use a DHCPv6 server that puts the Interface-Id first, such as ISC dhcpd",
      degrades: false,
    };
    return [answers, ...(enableGso ? [withoutGso] : [])];
  },

  items(request, [interconnect], context) {
    const { facts, marks } = context;
    if (!facts.features.has("dhcp")) throw featureMissing("dhcp", facts.lacks);
    return request.families.map(familyNumber).flatMap((family) => {
      refuseForeign(request.vrf, family, facts);
      const { vpp, cnf } = marks.pools[family].subnet(interconnect.subnets[family]!);
      const proxy = { vrf: request.vrf, family, server: bare(cnf), source: bare(vpp) };
      // VPP drops the packet for which it resolves a neighbor: the first DISCOVER would be lost.
      const neighbor = knownNeighborPart(interconnect.name, bare(cnf), context.cnfMac(interconnect));
      return [neighbor, dhcpProxyPart(proxy, interconnect.name)];
    });
  },
};

function relayed({ vrf, families }: DhcpProxyRequest, { ip, on }: ReceivedFrame): Omit<Taking, "stage"> {
  const isWanted = ip !== undefined && families.map(familyNumber).includes(ip.family);
  if (!isWanted || ip.protocol !== IP_PROTOCOL.UDP || ip.ports?.destination !== DHCP_SERVER_PORTS[ip.family])
    return { treatment: "passed", why: `the packet is not a DHCP request of ${families.join(" or ")}` };
  if (on.tables !== undefined && on.tables[ip.family] !== vrf)
    return { treatment: "passed", why: `${on.id} is in VRF ${on.tables[ip.family]}, and the punt is on VRF ${vrf}` };
  if (!on.addresses?.some((address) => familyOf(address.split("/")[0]!) === ip.family))
    return {
      treatment: "passed",
      why: `VPP relays from interfaces with an IPv${ip.family} address, and ${on.id} has none`,
    };
  return { treatment: "taken", why: `VPP relays DHCP requests of VRF ${vrf} to the CNF` };
}

const withoutGso: Caveat = {
  code: "NO_GSO",
  text: "DHCPv6: GSO is not used; VPP spoils answers whose checksum is left to the device",
  remedy: "leave out enableGso",
  degrades: false,
};

function familyNumber(family: "IPV4" | "IPV6"): Family {
  return family === "IPV4" ? 4 : 6;
}

function bare(prefix: string): string {
  return prefix.split("/")[0];
}

/** VPP keeps one source address for all servers of a VRF: the address of a foreign proxy would be used for ours. */
function refuseForeign(vrf: number, family: Family, facts: Facts): void {
  const prefix = dhcpProxyKeyPrefix(vrf, family);
  const foreign = foreignOf(facts.seen, "dhcp-proxy").find(({ key }) => key.startsWith(prefix));
  if (foreign)
    throw new Problem(
      foreign.key,
      "ERR_FOREIGN",
      `VRF ${vrf} has an IPv${family} DHCP proxy that is not ours: ${foreign.key}`,
    );
}
