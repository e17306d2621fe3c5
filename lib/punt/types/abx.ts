import { contains, type Family, familyOf, IP_PROTOCOL, type Prefix, parsePrefix } from "../../net/index.js";
import type { Interconnect } from "../interconnect/index.js";
import { interfaceLink } from "../interconnect/index.js";
import type { Facts, Part } from "../items/index.js";
import {
  abfAttachPart,
  abfPolicyPart,
  abxAttachPart,
  abxPolicyPart,
  aclPart,
  featureMissing,
  neighborPart,
} from "../items/index.js";
import type { AbxRequest, AclRule } from "../request/index.js";
import { expandRules } from "./acl-rules.js";
import { missingLayer3 } from "./dependencies.js";
import type { TypeContext, TypeHandler } from "./handler.js";
import { interfaceSelector } from "./selectors.js";

/** Packets of an interface that match ACL rules, to an interconnect and back. */
export const abx: TypeHandler<AbxRequest> = {
  multiplexes: true,

  needs: ({ vppInterface, vrf, withoutCnfVrf, enableGso }) => [
    {
      vppSelector: interfaceSelector(vppInterface),
      link: interfaceLink({ gso: enableGso, vrf, withoutCnfVrf, unnumberedTo: vppInterface }),
    },
  ],

  missing: ({ vppInterface, vrf }, facts) => missingLayer3(vppInterface, vrf, facts),

  items(request, [interconnect], context) {
    const { features, lacks } = context.facts;
    if (!features.has("acl")) throw featureMissing("acl", lacks, ", which ABX matches packets with");
    if (features.has("abx")) return abxParts(request, interconnect, context);
    if (features.has("abf")) return abfParts(request, interconnect, context);
    throw featureMissing("abx", lacks, `, nor the stand-in for it: ${lacks.get("abf")?.text}`);
  },

  caveats(request, { features }: Facts) {
    if (features.has("abx") || !features.has("abf")) return [];
    const remedy = "load the plugin abx into VPP";
    return [
      {
        code: "UNICAST_ONLY",
        text: "ABX by abf: unicast IP only; multicast (OSPF and others) is not punted",
        remedy: `${remedy}, or let every ingress rule name a unicast destination or the protocol TCP`,
        degrades: request.ingressAclRules.some(wantsMulticast),
      },
      {
        code: "ROUTED",
        text: "ABX by abf: punted packets are routed to the CNF (TTL decremented, MAC addresses rewritten), not forwarded as received",
        remedy,
        degrades: false,
      },
      {
        code: "EGRESS_ROUTED",
        text: "ABX by abf: what the CNF sends is routed by VPP's FIB; egress rules are not applied",
        remedy,
        degrades: false,
      },
    ];
  },
};

/** Whether a rule asks for packets that abf does not see: VPP applies it to unicast packets only. */
function wantsMulticast({ destinationNetwork, protocol }: AclRule): boolean {
  if (protocol === IP_PROTOCOL.TCP || destinationNetwork === "local") return false;
  if (destinationNetwork === "any" || destinationNetwork === "") return true;
  const network = parsePrefix(destinationNetwork)!;
  const multicast = MULTICAST[network.family];
  return contains(multicast, network.address) || contains(network, multicast.address);
}

const MULTICAST: Readonly<Record<Family, Prefix>> = { 4: parsePrefix("224.0.0.0/4")!, 6: parsePrefix("ff00::/8")! };

interface Rules {
  readonly interface: string;
  readonly ingress: Part;
  readonly egress: Part | undefined;
  readonly addresses: readonly string[];
}

/** All punts on the interconnect contribute to the same two ACLs: parts with equal keys are merged by the plan. */
function rulesOf(request: AbxRequest, interconnect: Interconnect, { facts, marks }: TypeContext): Rules {
  const found = facts.interface(request.vppInterface)!;
  const addresses = found.addresses!;
  const expand = (name: "ingressAclRules" | "egressAclRules") =>
    expandRules(request[name], name, request.vppInterface, addresses);
  const tag = (direction: string) => `${marks.tagPrefix}${interconnect.name}/${direction}`;
  const egress = expand("egressAclRules");
  return {
    interface: found.id,
    addresses,
    ingress: aclPart(tag("ingress"), expand("ingressAclRules")),
    egress: egress.length > 0 ? aclPart(tag("egress"), egress) : undefined,
  };
}

function abxParts(request: AbxRequest, interconnect: Interconnect, context: TypeContext): Part[] {
  const { interface: id, ingress, egress } = rulesOf(request, interconnect, context);
  const { name, priority } = interconnect;
  const toCnf = {
    policy: context.policyId(`${id}>${name}`),
    acl: tagOf(ingress),
    tx: name,
    mac: context.cnfMac(interconnect),
  };
  const parts = [ingress, abxPolicyPart(toCnf), abxAttachPart({ policy: toCnf.policy, rx: id, priority })];
  if (!egress) return parts;
  const fromCnf = { policy: context.policyId(`${name}>${id}`), acl: tagOf(egress), tx: id, mac: "00:00:00:00:00:00" };
  return [...parts, egress, abxPolicyPart(fromCnf), abxAttachPart({ policy: fromCnf.policy, rx: name, priority: 0 })];
}

/** A next hop that only has to exist on the interconnect, where a static neighbour gives it the CNF's MAC address. */
const nextHops: Record<Family, string> = { 4: "169.254.111.2", 6: "fe80::fd:2" };

function abfParts(request: AbxRequest, interconnect: Interconnect, context: TypeContext): Part[] {
  const { interface: id, ingress, addresses } = rulesOf(request, interconnect, context);
  const families = new Set(addresses.map((it) => familyOf(it.split("/")[0])!));
  const perFamily = [...families].flatMap((family) => {
    const policy = context.policyId(`${id}>${interconnect.name}/${family}`);
    return [
      neighborPart(interconnect.name, nextHops[family], context.cnfMac(interconnect)),
      abfPolicyPart({ policy, acl: tagOf(ingress), tx: interconnect.name, nextHop: nextHops[family] }),
      abfAttachPart({ policy, rx: id, priority: interconnect.priority, family }),
    ];
  });
  return [ingress, ...perFamily];
}

function tagOf(acl: Part): string {
  return (acl.value as { tag: string }).tag;
}
