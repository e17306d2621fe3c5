// acl.api: ACLs, and the lists of ACLs on interfaces.
import { IP_PROTO_NUMBERS } from "../../binapi/index.js";
import { networkOf, parsePrefix as parseText } from "../../net/index.js";
import {
  type Acl,
  type AclRule,
  type Address,
  familyOf,
  formatPrefix,
  maxPrefixLength,
  parsePrefix,
} from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";
import { type ApiContext, enumNumber } from "./context.js";

const NO_ACL = 0xffffffff;
const LONGEST_TAG = 63;
const ACTIONS = ["ACL_ACTION_API_DENY", "ACL_ACTION_API_PERMIT", "ACL_ACTION_API_PERMIT_REFLECT"];

interface ApiRule {
  is_permit: string | number;
  src_prefix: string;
  dst_prefix: string;
  proto: string | number;
  srcport_or_icmptype_first: number;
  srcport_or_icmptype_last: number;
  dstport_or_icmpcode_first: number;
  dstport_or_icmpcode_last: number;
  tcp_flags_mask: number;
  tcp_flags_value: number;
}

/** acl.api. */
export function registerAcl(context: ApiContext) {
  const { registry, dp } = context;
  registry.reply<{ acl_index: number; tag: string; r: ApiRule[] }>(
    "acl_add_replace",
    ({ acl_index, tag, r }) => {
      const acl: Acl = { tag: checkTag(tag), rules: r.map(decodeRule) };
      if (acl_index === NO_ACL) return { acl_index: dp.acls.add(acl) };
      dp.acls.replace(acl_index, acl);
      return { acl_index };
    },
    ({ acl_index }) => ({ acl_index }),
  );
  registry.reply<{ acl_index: number }>("acl_del", ({ acl_index }) => dp.acls.delete(acl_index));
  registry.dump<{ acl_index: number }>("acl_dump", function* ({ acl_index }) {
    for (const [index, { tag, rules }] of acl_index === NO_ACL ? dp.acls.entries() : one(acl_index, dp.acls)) {
      yield { acl_index: index, tag, r: rules.map(encodeRule) };
    }
  });
  registerApplied(context);
  registry.reply("acl_plugin_get_version", () => ({ major: 1, minor: 4 }));
}

function* one(index: number, acls: ApiContext["dp"]["acls"]): Iterable<[number, Acl]> {
  const acl = acls.find(index);
  if (acl !== undefined) yield [index, acl];
}

function registerApplied({ registry, dp }: ApiContext): void {
  registry.reply<{ sw_if_index: number; n_input: number; acls: number[] }>(
    "acl_interface_set_acl_list",
    ({ sw_if_index, n_input, acls }) => {
      const swInterface = dp.interfaces.get(sw_if_index);
      dp.acls.apply(swInterface, acls.slice(0, n_input), acls.slice(n_input));
    },
  );
  registry.reply<{ is_add: boolean; is_input: boolean; sw_if_index: number; acl_index: number }>(
    "acl_interface_add_del",
    ({ is_add, is_input, sw_if_index, acl_index }) => {
      const swInterface = dp.interfaces.get(sw_if_index);
      const applied = dp.acls.appliedTo(sw_if_index);
      const list = [...(is_input ? applied.input : applied.output)];
      if (is_add && list.includes(acl_index))
        throw new VnetError(`ACL_IN_USE_${is_input ? "INBOUND" : "OUTBOUND"}`, `ACL ${acl_index} is applied already`);
      if (!is_add && !list.includes(acl_index)) throw new VnetError("NO_SUCH_ENTRY", `ACL ${acl_index} is not applied`);
      const changed = is_add ? [...list, acl_index] : list.filter((index) => index !== acl_index);
      dp.acls.apply(swInterface, is_input ? changed : [...applied.input], is_input ? [...applied.output] : changed);
    },
  );
  registry.dump<{ sw_if_index: number }>("acl_interface_list_dump", function* ({ sw_if_index }) {
    for (const { swIfIndex } of dp.interfaces.select(sw_if_index)) {
      const { input, output } = dp.acls.appliedTo(swIfIndex);
      yield { sw_if_index: swIfIndex, n_input: input.length, acls: [...input, ...output] };
    }
  });
}

function checkTag(tag: string): string {
  if (Buffer.byteLength(tag) > LONGEST_TAG) throw new VnetError("INVALID_VALUE", `a tag over ${LONGEST_TAG} bytes`);
  return tag;
}

function decodeRule(rule: ApiRule): AclRule {
  const source = decodePrefix(rule.src_prefix, "INVALID_SRC_ADDRESS");
  const destination = decodePrefix(rule.dst_prefix, "INVALID_DST_ADDRESS");
  const family = familyOf(source.address);
  if (family !== familyOf(destination.address)) throw new VnetError("INVALID_SRC_ADDRESS", "mixed address families");
  return {
    action: enumNumber(rule.is_permit, Object.fromEntries(ACTIONS.map((name, i) => [name, i]))),
    family,
    source,
    destination,
    protocol: enumNumber(rule.proto, IP_PROTO_NUMBERS),
    sourcePorts: range(rule.srcport_or_icmptype_first, rule.srcport_or_icmptype_last),
    destinationPorts: range(rule.dstport_or_icmpcode_first, rule.dstport_or_icmpcode_last),
    tcpFlagsMask: rule.tcp_flags_mask,
    tcpFlagsValue: rule.tcp_flags_value,
  };
}

function decodePrefix(text: string, error: "INVALID_SRC_ADDRESS" | "INVALID_DST_ADDRESS") {
  const prefix = parsePrefix(text);
  if (prefix.length > maxPrefixLength(familyOf(prefix.address))) throw new VnetError(error, `${text}: too long`);
  const asText = parseText(text)!;
  if (networkOf(asText).address !== asText.address) throw new VnetError(error, `${text}: has host bits`);
  return prefix;
}

function range(first: number, last: number): [number, number] {
  if (first > last) throw new VnetError("INVALID_VALUE_2", `the range ${first}..${last} is empty`);
  return [first, last];
}

function encodeRule(rule: AclRule): ApiRule {
  const text = ({ address, length }: { address: Address; length: number }) => formatPrefix(address, length);
  return {
    is_permit: ACTIONS[rule.action] ?? rule.action,
    src_prefix: text(rule.source),
    dst_prefix: text(rule.destination),
    proto: rule.protocol,
    srcport_or_icmptype_first: rule.sourcePorts[0],
    srcport_or_icmptype_last: rule.sourcePorts[1],
    dstport_or_icmpcode_first: rule.destinationPorts[0],
    dstport_or_icmpcode_last: rule.destinationPorts[1],
    tcp_flags_mask: rule.tcpFlagsMask,
    tcp_flags_value: rule.tcpFlagsValue,
  };
}
