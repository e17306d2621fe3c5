// HAIRPIN: the CNF is the wire between an interface and a new one.
import { type Family, familyOf } from "../../net/index.js";
import { interfaceLink } from "../interconnect/index.js";
import { dhcpClientPart } from "../items/index.js";
import type { HairpinRequest } from "../request/index.js";
import { missingInterface, missingTables } from "./dependencies.js";
import { dhcpKeys } from "./dhcp-ports.js";
import type { TypeHandler } from "./handler.js";
import { hairpinSelector, interfaceSelector } from "./selectors.js";
import { otherInterface } from "./taking.js";
import { xconnectPair } from "./xconnect-pair.js";

/** One interface is cross-connected with an interconnect. The other interconnect is a new interface of VPP. */
export const hairpin: TypeHandler<HairpinRequest> = {
  multiplexes: false,

  needs({ vppInterface, hairpinInterface, enableGso }) {
    const { name, physAddress, ipAddresses, vrf, withDhcpClient, mtu } = hairpinInterface;
    const created = interfaceLink({
      gso: enableGso,
      name,
      vrf,
      withDhcpClient,
      addresses: ipAddresses,
      ...(physAddress !== undefined && { mac: physAddress }),
      ...(mtu !== undefined && { mtu }),
    });
    return [
      { vppSelector: interfaceSelector(vppInterface), link: interfaceLink({ gso: enableGso }) },
      { vppSelector: hairpinSelector(name), link: created },
    ];
  },

  reach: ({ vppInterface, hairpinInterface: { name, vrf } }) => ({
    interfaces: [vppInterface],
    newInterfaces: [name],
    vrfs: [vrf],
  }),

  exclusiveKeys: ({ hairpinInterface }) => (hairpinInterface.withDhcpClient ? dhcpKeys(["IPV4"]) : []),

  readsBridges: true,

  mtuFrom: ({ vppInterface }) => vppInterface,

  takes({ vppInterface }, frame, facts) {
    const other = otherInterface(vppInterface, frame, facts);
    if (other !== undefined) return { stage: "wire", treatment: "passed", why: other };
    return { stage: "wire", treatment: "taken", why: `everything that ${vppInterface} receives goes to the CNF` };
  },

  missing({ vppInterface, hairpinInterface }, facts) {
    return [
      ...missingInterface(vppInterface, facts),
      ...missingTables(hairpinInterface.vrf, familiesOf(hairpinInterface), facts),
    ];
  },

  items({ vppInterface, hairpinInterface }, [attached, created], { facts }) {
    const pair = xconnectPair(vppInterface, attached.name, facts);
    return hairpinInterface.withDhcpClient ? [...pair, dhcpClientPart(created.name)] : pair;
  },
};

/** Families of the addresses. DHCP leases an IPv4 address. */
function familiesOf({ ipAddresses, withDhcpClient }: HairpinRequest["hairpinInterface"]): Family[] {
  const given = ipAddresses.map((address) => familyOf(address.split("/")[0])!);
  return withDhcpClient ? [...given, 4] : given;
}
