// Rewrites ABX rules for VPP's ACLs: `any` and `local` become networks, once for each address family of the interface.
import { type Family, familyOf, IP_PROTOCOL, parsePrefix, widthOf } from "../../net/index.js";
import { Problem, type VppAclRule } from "../items/index.js";
import { type AclRule, familyOfProtocol } from "../request/index.js";

/**
 * Returns the rules of VPP.
 *
 * @param name name of the list in errors, such as `ingressAclRules`
 * @param addresses addresses of the interface, with prefix length
 * @throws Problem `ERR_ACL_RULE`: a rule is for a family of which the interface has no address
 */
export function expandRules(
  rules: readonly AclRule[],
  name: string,
  vppInterface: string,
  addresses: readonly string[],
): VppAclRule[] {
  return rules.flatMap((rule, index) => {
    const wanted = explicitFamily(rule);
    const families = ([4, 6] as const).filter((family) =>
      addresses.some((address) => familyOfPrefix(address) === family),
    );
    if (wanted === undefined) return families.flatMap((family) => expandRule(rule, family, addresses));
    if (families.includes(wanted)) return expandRule(rule, wanted, addresses);
    throw noAddress(`${name}[${index}]`, rule, wanted, vppInterface);
  });
}

function noAddress(field: string, rule: AclRule, family: Family, vppInterface: string): Problem {
  const networks = `${rule.sourceNetwork || "any"} -> ${rule.destinationNetwork || "any"}`;
  const text = familyOfProtocol(rule.protocol) ? `${networks}, protocol ${rule.protocol}` : networks;
  return new Problem(
    field,
    "ERR_ACL_RULE",
    `rule ${field} (${text}) is for IPv${family}, and ${vppInterface} has no IPv${family} address`,
  );
}

/** Returns the family that a rule names by its protocol (ICMPv4, ICMPv6) or by a network. The request schema refuses rules of both. */
function explicitFamily(rule: AclRule): Family | undefined {
  return (
    familyOfProtocol(rule.protocol) ?? familyOfPrefix(rule.sourceNetwork) ?? familyOfPrefix(rule.destinationNetwork)
  );
}

function familyOfPrefix(text: string): Family | undefined {
  return familyOf(text.split("/")[0]);
}

function expandRule(rule: AclRule, family: Family, addresses: readonly string[]): VppAclRule[] {
  const sources = expandNetwork(rule.sourceNetwork, family, addresses);
  const destinations = expandNetwork(rule.destinationNetwork, family, addresses);
  return sources.flatMap((source) => destinations.map((destination) => vppRule(rule, source, destination)));
}

function expandNetwork(network: string, family: Family, addresses: readonly string[]): string[] {
  if (network === "local") return localAddresses(family, addresses);
  if (network === "any" || network === "") return [family === 4 ? "0.0.0.0/0" : "::/0"];
  return [network];
}

function localAddresses(family: Family, addresses: readonly string[]): string[] {
  const own = addresses.map((address) => parsePrefix(address)!).filter((prefix) => prefix.family === family);
  return [...new Set(own.map(({ address }) => `${address}/${widthOf(family)}`))];
}

const anyPort = { first: 0, last: 0xffff };
const anyType = { first: 0, last: 0xff };

function vppRule(rule: AclRule, source: string, destination: string): VppAclRule {
  const icmp = rule.protocol === IP_PROTOCOL.ICMP || rule.protocol === IP_PROTOCOL.ICMPV6;
  const first = (icmp ? rule.icmpType : rule.sourcePort) ?? (icmp ? anyType : anyPort);
  const second = (icmp ? rule.icmpCode : rule.destinationPort) ?? (icmp ? anyType : anyPort);
  return {
    is_permit: "ACL_ACTION_API_PERMIT",
    src_prefix: source,
    dst_prefix: destination,
    proto: rule.protocol,
    srcport_or_icmptype_first: first.first,
    srcport_or_icmptype_last: first.last,
    dstport_or_icmpcode_first: second.first,
    dstport_or_icmpcode_last: second.last,
    tcp_flags_mask: rule.tcpFlags?.mask ?? 0,
    tcp_flags_value: rule.tcpFlags?.value ?? 0,
  };
}
