// Whether a packet matches a rule of an ABX punt, as VPP's ACLs compare.
import { contains, parseNetwork } from "../../net/index.js";
import type { IpHeaders } from "../../packet/index.js";
import type { AclRule } from "../request/index.js";
import { protocolName } from "./taking.js";

/** Returns why a rule does not match a packet; undefined if it matches. `addresses` are those of the interface, which `local` stands for. */
export function mismatchOf(rule: AclRule, packet: IpHeaders, addresses: readonly string[]): string | undefined {
  if (rule.protocol !== 0 && rule.protocol !== packet.protocol)
    return `wants ${protocolName(rule.protocol)}, and the packet is ${protocolName(packet.protocol)}`;
  if (!isIn(rule.sourceNetwork, packet.source, addresses))
    return `wants a source in ${rule.sourceNetwork}, and the packet's is ${packet.source}`;
  if (!isIn(rule.destinationNetwork, packet.destination, addresses))
    return `wants a destination in ${rule.destinationNetwork}, and the packet's is ${packet.destination}`;
  // VPP's default: a fragment after the first matches, whatever the rule says of ports and types.
  return packet.isLaterFragment ? undefined : upperMismatch(rule, packet);
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function upperMismatch(rule: AclRule, { ports, icmp, tcpFlags }: IpHeaders): string | undefined {
  const fields: readonly (readonly [string, Range | undefined, number | undefined])[] = [
    ["source port", rule.sourcePort, ports?.source],
    ["destination port", rule.destinationPort, ports?.destination],
    ["ICMP type", rule.icmpType, icmp?.type],
    ["ICMP code", rule.icmpCode, icmp?.code],
  ];
  for (const [name, range, value] of fields) {
    if (range === undefined || (value !== undefined && value >= range.first && value <= range.last)) continue;
    return `wants ${name} ${rangeText(range)}, and the packet ${value === undefined ? "has none" : `has ${value}`}`;
  }
  const { tcpFlags: flags } = rule;
  if (flags === undefined || (tcpFlags !== undefined && (tcpFlags & flags.mask) === flags.value)) return undefined;
  return `wants TCP flags ${flags.value} of ${flags.mask}, and the packet has ${tcpFlags ?? "none"}`;
}

function isIn(network: string, address: string, addresses: readonly string[]): boolean {
  if (network === "any" || network === "") return true;
  if (network === "local") return addresses.some((own) => own.split("/")[0] === address);
  const prefix = parseNetwork(network);
  return prefix !== undefined && contains(prefix, address);
}

function rangeText({ first, last }: Range): string {
  return first === last ? String(first) : `${first}-${last}`;
}

/** Returns a rule in words: `UDP any -> local port 53`. */
export function ruleText(rule: AclRule): string {
  const { sourceNetwork, destinationNetwork, protocol, sourcePort, destinationPort, icmpType, icmpCode } = rule;
  const part = (name: string, range: Range | undefined) => (range === undefined ? "" : ` ${name} ${rangeText(range)}`);
  const from = `${sourceNetwork || "any"}${part("port", sourcePort)}`;
  const to = `${destinationNetwork || "any"}${part("port", destinationPort)}`;
  const icmp = `${part("type", icmpType)}${part("code", icmpCode)}`;
  return `${protocol === 0 ? "any protocol" : protocolName(protocol)}${icmp} ${from} -> ${to}`;
}
