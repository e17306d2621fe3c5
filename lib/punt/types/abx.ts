// ABX: packets of an interface that match ACL rules.
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
import type { Caveat, PortReach, TypeContext, TypeHandler } from "./handler.js";
import { mismatchOf, ruleText } from "./rule-match.js";
import { interfaceSelector, namedVrfs } from "./selectors.js";
import { otherInterface, type ReceivedFrame, type Taking } from "./taking.js";

/** Packets of an interface that match ACL rules, to an interconnect and back. */
export const abx: TypeHandler<AbxRequest> = {
  multiplexes: true,

  needs: ({ vppInterface, vrf, withoutCnfVrf, enableGso }) => [
    {
      vppSelector: interfaceSelector(vppInterface),
      link: interfaceLink({ gso: enableGso, vrf, withoutCnfVrf, unnumberedTo: vppInterface }),
    },
  ],

  reach: ({ vppInterface, vrf, ingressAclRules }) => ({
    interfaces: [vppInterface],
    vrfs: namedVrfs(vrf),
    ports: ingressAclRules.map(portsOf),
  }),

  mtuFrom: ({ vppInterface }) => vppInterface,

  missing: ({ vppInterface, vrf }, facts) => missingLayer3(vppInterface, vrf, facts),

  items(request, [interconnect], context) {
    const { features, lacks } = context.facts;
    if (!features.has("acl")) throw featureMissing("acl", lacks, ", which ABX matches packets with");
    if (features.has("abx")) return abxParts(request, interconnect, context);
    if (features.has("abf")) return abfParts(request, interconnect, context);
    throw featureMissing("abx", lacks, `, nor the stand-in for it: ${lacks.get("abf")?.text}`);
  },

  takes: (request, frame, facts) => ({ stage: "feature", ...matched(request, frame, facts) }),

  caveats(request, { features }: Facts) {
    if (features.has("abx"))
      return request.egressAclRules.length > 0 ? unicastEgress(request) : [withoutEgress(request)];
    if (!features.has("abf")) return [];
    const remedy = "load the plugin abx into VPP";
    return [
      {
        code: "UNICAST_ONLY",
        text: "ABX by abf: unicast IP only; multicast (OSPF and others) is not punted",
        remedy: `${remedy}, or let every ingress rule name a protocol of unicast, or a unicast destination`,
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
        text: "ABX by abf: VPP's FIB routes the packets that the CNF sends; egress rules are not applied, and multicast is dropped",
        remedy,
        degrades: sendsMulticast(request.egressAclRules),
      },
    ];
  },
};

/** The first rule that matches decides, as in VPP's ACL. */
function matched(request: AbxRequest, frame: ReceivedFrame, facts: Facts): Omit<Taking, "stage"> {
  const { vppInterface, ingressAclRules } = request;
  const other = otherInterface(vppInterface, frame, facts);
  if (other !== undefined) return { treatment: "passed", why: other };
  const { ip, isGroup } = frame;
  if (ip === undefined) return { treatment: "passed", why: "ABX looks at IP packets only" };
  if (isGroup && !facts.features.has("abx"))
    return { treatment: "passed", why: "ABX by abf takes unicast only, and the packet goes to a group" };
  const addresses = facts.interface(vppInterface)?.addresses ?? [];
  const mismatches = ingressAclRules.map((rule) => mismatchOf(rule, ip, addresses));
  const index = mismatches.indexOf(undefined);
  if (index >= 0)
    return { treatment: "taken", why: `ingressAclRules[${index}] matches: ${ruleText(ingressAclRules[index]!)}` };
  const reasons = mismatches.map((why, number) => `ingressAclRules[${number}] ${why}`);
  return { treatment: "passed", why: reasons.length > 0 ? reasons.join("; ") : "the punt has no ingressAclRules" };
}

function portsOf({ destinationPort: range }: AclRule, index: number): PortReach {
  if (range === undefined) return { text: `every port, which ingressAclRules[${index}] asks for,` };
  return { text: `destinationPort of ingressAclRules[${index}]`, range };
}

/** Without egress rules VPP routes the packets of the CNF, and drops multicast. */
function withoutEgress({ ingressAclRules }: AbxRequest): Caveat {
  return {
    code: "NO_EGRESS",
    text: "without egress rules VPP routes the packets that the CNF sends: unicast passes, multicast (OSPF hellos and others) is dropped",
    remedy: "add egressAclRules for the multicast that the CNF sends",
    degrades: sendsMulticast(ingressAclRules),
  };
}

/** VPP changes no MAC address of what an egress rule takes: proxy ARP has told the CNF VPP's, and the neighbors look for their own. */
function unicastEgress({ egressAclRules }: AbxRequest): Caveat[] {
  if (egressAclRules.every(isMulticast)) return [];
  return [
    {
      code: "EGRESS_UNICAST",
      text: "unicast that an egress rule matches leaves with the MAC addresses that the CNF gave it, and no neighbor takes what went to VPP's",
      remedy: "let egress rules name destinations of multicast only: VPP routes unicast without them",
      degrades: egressAclRules.some(isUnicast),
    },
  ];
}

function isMulticast({ destinationNetwork }: AclRule): boolean {
  const network = parsePrefix(destinationNetwork);
  return network !== undefined && contains(MULTICAST[network.family], network.address);
}

/** Whether a rule is of unicast only. */
function isUnicast(rule: AclRule): boolean {
  const network = parsePrefix(rule.destinationNetwork);
  const isOfTcp = rule.protocol === IP_PROTOCOL.TCP || rule.protocol === IP_PROTOCOL.SCTP;
  return (
    !isMulticast(rule) && (isOfTcp || (network !== undefined && !contains(network, MULTICAST[network.family].address)))
  );
}

/** Whether a CNF with these rules surely sends multicast. A rule of any protocol does not say so. */
function sendsMulticast(rules: readonly AclRule[]): boolean {
  return rules.some((rule) => rule.protocol !== IP_PROTOCOL.HOPOPT && wantsMulticast(rule));
}

/** Protocols that mostly send to multicast groups. */
const MULTICAST_PROTOCOLS: ReadonlySet<number> = new Set([
  IP_PROTOCOL.HOPOPT,
  IP_PROTOCOL.IGMP,
  IP_PROTOCOL.EIGRP,
  IP_PROTOCOL.OSPF,
  IP_PROTOCOL.PIM,
  IP_PROTOCOL.VRRP,
]);

/** Whether a rule asks for multicast packets. Protocol 0 means any protocol, and counts. */
function wantsMulticast({ destinationNetwork, protocol }: AclRule): boolean {
  if (destinationNetwork === "local") return false;
  const network = parsePrefix(destinationNetwork);
  if (!network) return MULTICAST_PROTOCOLS.has(protocol);
  const multicast = MULTICAST[network.family];
  return (
    contains(multicast, network.address) || (contains(network, multicast.address) && MULTICAST_PROTOCOLS.has(protocol))
  );
}

const MULTICAST: Readonly<Record<Family, Prefix>> = { 4: parsePrefix("224.0.0.0/4")!, 6: parsePrefix("ff00::/8")! };

interface Rules {
  readonly interface: string;
  readonly ingress: Part | undefined;
  readonly egress: Part | undefined;
  readonly addresses: readonly string[];
}

/** All punts on an interconnect share two ACLs: the plan merges parts of equal keys. */
function rulesOf(request: AbxRequest, interconnect: Interconnect, { facts, marks }: TypeContext): Rules {
  const found = facts.interface(request.vppInterface)!;
  const addresses = found.addresses!;
  const expand = (name: "ingressAclRules" | "egressAclRules") =>
    expandRules(request[name], name, request.vppInterface, addresses);
  const tag = (direction: string) => `${marks.tagPrefix}${interconnect.name}/${direction}`;
  const [ingress, egress] = [expand("ingressAclRules"), expand("egressAclRules")];
  return {
    interface: found.id,
    addresses,
    ingress: ingress.length > 0 ? aclPart(tag("ingress"), ingress) : undefined,
    egress: egress.length > 0 ? aclPart(tag("egress"), egress) : undefined,
  };
}

function abxParts(request: AbxRequest, interconnect: Interconnect, context: TypeContext): Part[] {
  const { interface: id, ingress, egress } = rulesOf(request, interconnect, context);
  const { name, priority } = interconnect;
  const toCnf = { rx: id, tx: name, mac: context.cnfMac(interconnect), priority };
  return [
    ...(ingress ? policyParts(ingress, toCnf, context) : []),
    ...(egress ? policyParts(egress, { rx: name, tx: id, mac: "00:00:00:00:00:00", priority: 0 }, context) : []),
  ];
}

interface Way {
  readonly rx: string;
  readonly tx: string;
  readonly mac: string;
  readonly priority: number;
}

function policyParts(acl: Part, { rx, tx, mac, priority }: Way, context: TypeContext): Part[] {
  const policy = context.policyId(`${rx}>${tx}`);
  return [acl, abxPolicyPart({ policy, acl: tagOf(acl), tx, mac }), abxAttachPart({ policy, rx, priority })];
}

/** A next hop on the interconnect. A static neighbor gives it the CNF's MAC address. */
const nextHops: Record<Family, string> = { 4: "169.254.111.2", 6: "fe80::fd:2" };

function abfParts(request: AbxRequest, interconnect: Interconnect, context: TypeContext): Part[] {
  const { interface: id, ingress, addresses } = rulesOf(request, interconnect, context);
  if (!ingress) return [];
  const families = new Set(addresses.map((address) => familyOf(address.split("/")[0])!));
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
