// One rule of an ACL, as VPP takes it and tells it.

/** `vl_api_acl_rule_t`. */
export interface VppAclRule {
  readonly is_permit: "ACL_ACTION_API_PERMIT";
  readonly src_prefix: string;
  readonly dst_prefix: string;
  readonly proto: number;
  readonly srcport_or_icmptype_first: number;
  readonly srcport_or_icmptype_last: number;
  readonly dstport_or_icmpcode_first: number;
  readonly dstport_or_icmpcode_last: number;
  readonly tcp_flags_mask: number;
  readonly tcp_flags_value: number;
}
