// ACLs, with which ABX matches packets.
import type { AclRule } from "../../binapi/index.js";
import type { Marks } from "../interconnect/index.js";
import type { Part } from "./item.js";
import type { ActContext, Kind } from "./kind.js";
import { protocolNumber } from "./protocol.js";
import { NO_INDEX } from "./vpp-api.js";

/** A rule of VPP, with its protocol as a number. */
export type VppAclRule = Omit<AclRule, "proto"> & { readonly proto: number };

interface Acl {
  readonly tag: string;
  readonly rules: readonly VppAclRule[];
}

export function aclKey(tag: string): string {
  return `acl/${tag}`;
}

export function aclPart(tag: string, rules: readonly VppAclRule[]): Part<Acl> {
  return { kind: "acl", key: aclKey(tag), value: { tag, rules } };
}

/** An ACL. It is ours if its tag begins with our prefix. */
export const acl: Kind<Acl> = {
  async observe({ vpp, marks }) {
    if (!vpp.has("acl_dump")) return [];
    const details = await vpp.dumpAll("acl_dump", { acl_index: NO_INDEX });
    const names = aclNames(details, marks);
    return details.map(({ tag, r, acl_index: index }) => {
      const ours = tag.startsWith(marks.tagPrefix);
      // The tag of a foreign ACL may be empty, or equal to another one. Its key must not be that of a wanted item.
      const key = aclKey(ours ? names.get(index)! : `#${index}`);
      return { kind: "acl", key, value: { tag, rules: r.map(comparableRule) }, ours, index };
    });
  },

  create: (context, value) => replace(context, NO_INDEX, value),

  update: (context, seen, value) => replace(context, seen.index!, value),

  canUpdate: () => true,

  merge: (one, other) => ({ tag: one.tag, rules: [...one.rules, ...other.rules] }),

  delete: async ({ vpp }, { index }) => void (await vpp.call("acl_del", { acl_index: index! })),

  dependsOn: () => [],
};

/** Returns the tags by index. Only the first of our ACLs with a tag has that name: another one is a leftover. */
export function aclNames(
  acls: readonly { readonly tag: string; readonly acl_index: number }[],
  { tagPrefix }: Pick<Marks, "tagPrefix">,
): Map<number, string> {
  const taken = new Set<string>();
  const name = (tag: string, index: number) => (tag.startsWith(tagPrefix) && taken.has(tag) ? `${tag}#${index}` : tag);
  return new Map(
    acls.map(({ tag, acl_index: index }) => {
      const own = name(tag, index);
      taken.add(tag);
      return [index, own];
    }),
  );
}

/** A replacement keeps the index, so policies that use the ACL stay valid. */
async function replace({ vpp, made }: ActContext, index: number, { tag, rules }: Acl): Promise<void> {
  const reply = await vpp.call("acl_add_replace", { acl_index: index, tag, r: rules });
  made(aclKey(tag), reply.acl_index);
}

function comparableRule(rule: AclRule): VppAclRule {
  const proto = protocolNumber(rule.proto);
  const { is_permit, src_prefix, dst_prefix, srcport_or_icmptype_first, srcport_or_icmptype_last } = rule;
  const { dstport_or_icmpcode_first, dstport_or_icmpcode_last, tcp_flags_mask, tcp_flags_value } = rule;
  const matches = { is_permit, src_prefix, dst_prefix, proto };
  const ports = {
    srcport_or_icmptype_first,
    srcport_or_icmptype_last,
    dstport_or_icmpcode_first,
    dstport_or_icmpcode_last,
  };
  return { ...matches, ...ports, tcp_flags_mask, tcp_flags_value };
}
