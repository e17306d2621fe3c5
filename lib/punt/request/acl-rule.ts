// One rule of an ABX punt.
import type * as z from "zod";
import { lazily, zod } from "../../lazily.js";
import { type Family, familyOf } from "../../net/index.js";
import { byte, network, port, protocol, protocols, range } from "./fields.js";

export const aclRule = lazily(() =>
  zod()
    .strictObject({
      sourceNetwork: network().default("any"),
      destinationNetwork: network().default("any"),
      protocol: protocol()
        .default(0)
        .describe(
          "IP protocol by number or name; 0 is the protocol that tcpFlags, icmpType or icmpCode imply, otherwise any",
        ),
      sourcePort: range(port()).optional().describe("One port or a range, of TCP or UDP. Default: all"),
      destinationPort: range(port()).optional().describe("One port or a range, of TCP or UDP. Default: all"),
      icmpType: range(byte()).optional().describe("One type or a range. Default: all"),
      icmpCode: range(byte()).optional().describe("One code or a range. Default: all"),
      tcpFlags: zod()
        .strictObject({
          mask: byte().describe("The flags that are compared"),
          value: byte().describe("The flags among them that a packet has"),
        })
        .refine(({ mask, value }) => (value & ~mask) === 0, "value has flags that mask lacks, so no packet matches")
        .optional()
        .describe("TCP's flags as numbers, such as 2 for SYN"),
    })
    .transform((rule) => ({ ...rule, protocol: rule.protocol || impliedProtocol(rule) }))
    .superRefine((rule, context) => {
      for (const [field, needs] of Object.entries(protocolsOfField)) {
        if (rule[field as keyof typeof rule] !== undefined && !needs.includes(rule.protocol)) {
          context.addIssue({
            code: "custom",
            path: [field],
            message: `goes with protocol ${needs.map(protocolName).join(" or ")}, and not with ${protocolName(rule.protocol)}`,
          });
        }
      }
      const [source, destination] = [rule.sourceNetwork, rule.destinationNetwork].map((at) =>
        familyOf(at.split("/")[0]),
      );
      if (source !== undefined && destination !== undefined && source !== destination) {
        context.addIssue({
          code: "custom",
          path: ["destinationNetwork"],
          message: "is of another address family than sourceNetwork",
        });
      }
      const ofProtocol = familyOfProtocol(rule.protocol);
      for (const [field, family] of Object.entries({ sourceNetwork: source, destinationNetwork: destination })) {
        if (ofProtocol !== undefined && family !== undefined && family !== ofProtocol) {
          const message = `is IPv${family}, and protocol ${rule.protocol} is of IPv${ofProtocol} only`;
          context.addIssue({ code: "custom", path: [field], message });
        }
      }
    }),
);

/** Returns the protocol of a rule without one: some of its parts go with one protocol only. */
function impliedProtocol({ tcpFlags, icmpType, icmpCode, sourceNetwork, destinationNetwork }: RuleParts): number {
  if (tcpFlags !== undefined) return protocols.TCP;
  if (icmpType === undefined && icmpCode === undefined) return protocols.ANY;
  const isIp6 = [sourceNetwork, destinationNetwork].some((network) => familyOf(network.split("/")[0]!) === 6);
  return isIp6 ? protocols.ICMPV6 : protocols.ICMP;
}

interface RuleParts {
  readonly sourceNetwork: string;
  readonly destinationNetwork: string;
  readonly tcpFlags?: unknown;
  readonly icmpType?: unknown;
  readonly icmpCode?: unknown;
}

function protocolName(number: number): string {
  return Object.entries(protocols).find(([, value]) => value === number)?.[0] ?? String(number);
}

/** VPP's ACLs read the ports of these only: a rule with ports of SCTP would match nothing. */
const withPorts = [protocols.TCP, protocols.UDP];
const icmps = [protocols.ICMP, protocols.ICMPV6];

/** Returns the address family of a protocol. Only ICMP has a number for each family. */
export function familyOfProtocol(number: number): Family | undefined {
  if (number === protocols.ICMP) return 4;
  return number === protocols.ICMPV6 ? 6 : undefined;
}

const protocolsOfField: Record<string, number[]> = {
  sourcePort: withPorts,
  destinationPort: withPorts,
  icmpType: icmps,
  icmpCode: icmps,
  tcpFlags: [protocols.TCP],
};

export type AclRule = z.output<ReturnType<typeof aclRule>>;
