// The numbers that VPP returns in `retval`, with VPP's names for them (vnet/error.h). They are the same in all releases; newer
// releases add numbers at the end.

/** Runs of errors: the first number, and the names of this number and the numbers below it. */
const RUNS = [
  [
    -1,
    [
      "UNSPECIFIED",
      "INVALID_SW_IF_INDEX",
      "NO_SUCH_FIB",
      "NO_SUCH_INNER_FIB",
      "NO_SUCH_LABEL",
      "NO_SUCH_ENTRY",
      "INVALID_VALUE",
      "INVALID_VALUE_2",
      "UNIMPLEMENTED",
      "INVALID_SW_IF_INDEX_2",
      "SYSCALL_ERROR_1",
      "SYSCALL_ERROR_2",
      "SYSCALL_ERROR_3",
      "SYSCALL_ERROR_4",
      "SYSCALL_ERROR_5",
      "SYSCALL_ERROR_6",
      "SYSCALL_ERROR_7",
      "SYSCALL_ERROR_8",
      "SYSCALL_ERROR_9",
      "SYSCALL_ERROR_10",
    ],
  ],
  [-30, ["FEATURE_DISABLED", "INVALID_REGISTRATION"]],
  [
    -50,
    [
      "NEXT_HOP_NOT_IN_FIB",
      "UNKNOWN_DESTINATION",
      "NO_PATHS_IN_ROUTE",
      "NEXT_HOP_NOT_FOUND_MP",
      "NO_MATCHING_INTERFACE",
      "INVALID_VLAN",
      "VLAN_ALREADY_EXISTS",
      "INVALID_SRC_ADDRESS",
      "INVALID_DST_ADDRESS",
      "ADDRESS_LENGTH_MISMATCH",
      "ADDRESS_NOT_FOUND_FOR_INTERFACE",
      "ADDRESS_NOT_DELETABLE",
      "IP6_NOT_ENABLED",
      "NO_SUCH_NODE",
      "NO_SUCH_NODE2",
      "NO_SUCH_TABLE",
      "NO_SUCH_TABLE2",
      "NO_SUCH_TABLE3",
      "SUBIF_ALREADY_EXISTS",
      "SUBIF_CREATE_FAILED",
      "INVALID_MEMORY_SIZE",
      "INVALID_INTERFACE",
      "INVALID_VLAN_TAG_COUNT",
      "INVALID_ARGUMENT",
      "UNEXPECTED_INTF_STATE",
      "TUNNEL_EXIST",
      "INVALID_DECAP_NEXT",
      "RESPONSE_NOT_READY",
      "NOT_CONNECTED",
      "IF_ALREADY_EXISTS",
      "BOND_SLAVE_NOT_ALLOWED",
      "VALUE_EXIST",
      "SAME_SRC_DST",
      "IP6_MULTICAST_ADDRESS_NOT_PRESENT",
      "SR_POLICY_NAME_NOT_PRESENT",
      "NOT_RUNNING_AS_ROOT",
      "ALREADY_CONNECTED",
      "UNSUPPORTED_JNI_VERSION",
      "IP_PREFIX_INVALID",
      "INVALID_WORKER",
      "LISP_DISABLED",
      "CLASSIFY_TABLE_NOT_FOUND",
      "INVALID_EID_TYPE",
      "CANNOT_CREATE_PCAP_FILE",
      "INCORRECT_ADJACENCY_TYPE",
      "EXCEEDED_NUMBER_OF_RANGES_CAPACITY",
      "EXCEEDED_NUMBER_OF_PORTS_CAPACITY",
      "INVALID_ADDRESS_FAMILY",
      "INVALID_SUB_SW_IF_INDEX",
      "TABLE_TOO_BIG",
      "CANNOT_ENABLE_DISABLE_FEATURE",
      "BFD_EEXIST",
      "BFD_ENOENT",
      "BFD_EINUSE",
      "BFD_NOTSUPP",
      "ADDRESS_IN_USE",
      "ADDRESS_NOT_IN_USE",
      "QUEUE_FULL",
      "APP_UNSUPPORTED_CFG",
      "URI_FIFO_CREATE_FAILED",
      "LISP_RLOC_LOCAL",
      "BFD_EAGAIN",
      "INVALID_GPE_MODE",
      "LISP_GPE_ENTRIES_PRESENT",
      "ADDRESS_FOUND_FOR_INTERFACE",
      "SESSION_CONNECT",
      "ENTRY_ALREADY_EXISTS",
      "SVM_SEGMENT_CREATE_FAIL",
      "APPLICATION_NOT_ATTACHED",
      "BD_ALREADY_EXISTS",
      "BD_IN_USE",
      "BD_NOT_MODIFIABLE",
      "BD_ID_EXCEED_MAX",
      "SUBIF_DOESNT_EXIST",
      "L2_MACS_EVENT_CLINET_PRESENT",
      "INVALID_QUEUE",
      "UNSUPPORTED",
      "DUPLICATE_IF_ADDRESS",
      "APP_INVALID_NS",
      "APP_WRONG_NS_SECRET",
      "APP_CONNECT_SCOPE",
      "APP_ALREADY_ATTACHED",
      "SESSION_REDIRECT",
      "ILLEGAL_NAME",
      "NO_NAME_SERVERS",
      "NAME_SERVER_NOT_FOUND",
      "NAME_RESOLUTION_NOT_ENABLED",
      "NAME_SERVER_FORMAT_ERROR",
      "NAME_SERVER_NO_SUCH_NAME",
      "NAME_SERVER_NO_ADDRESSES",
      "NAME_SERVER_NEXT_SERVER",
      "APP_CONNECT_FILTERED",
      "ACL_IN_USE_INBOUND",
      "ACL_IN_USE_OUTBOUND",
      "INIT_FAILED",
      "NETLINK_ERROR",
      "BIER_BSL_UNSUP",
      "INSTANCE_IN_USE",
      "INVALID_SESSION_ID",
      "ACL_IN_USE_BY_LOOKUP_CONTEXT",
      "INVALID_VALUE_3",
      "NON_ETHERNET",
      "BD_ALREADY_HAS_BVI",
      "INVALID_PROTOCOL",
      "INVALID_ALGORITHM",
      "RSRC_IN_USE",
      "KEY_LENGTH",
      "FIB_PATH_UNSUPPORTED_NH_PROTO",
    ],
  ],
  [
    -159,
    [
      "API_ENDIAN_FAILED",
      "NO_CHANGE",
      "MISSING_CERT_KEY",
      "LIMIT_EXCEEDED",
      "IKE_NO_PORT",
      "UDP_PORT_TAKEN",
      "EAGAIN",
      "INVALID_VALUE_4",
      "BUSY",
      "BUG",
      "FEATURE_ALREADY_DISABLED",
      "FEATURE_ALREADY_ENABLED",
      "INVALID_PREFIX_LENGTH",
    ],
  ],
] as const;

/** VPP's name of an error, such as "INVALID_SW_IF_INDEX". */
export type VnetErrorName = (typeof RUNS)[number][1][number];

const NUMBERED = RUNS.flatMap(([first, run]) => run.map((name, i): [VnetErrorName, number] => [name, first - i]));

/** Maps the names of VPP's errors to their numbers: INVALID_SW_IF_INDEX is -2. */
export const VNET_ERRORS = Object.fromEntries(NUMBERED) as Readonly<Record<VnetErrorName, number>>;

const NAMES = new Map<number, VnetErrorName>(NUMBERED.map(([name, retval]) => [retval, name]));

/**
 * Returns VPP's name of a retval: "INVALID_SW_IF_INDEX" for -2. Returns undefined for a number that has no name.
 *
 * @example
 * ```ts
 * import { apiErrorName } from "vpp-punt/binapi";
 *
 * console.log(apiErrorName(-2)); // INVALID_SW_IF_INDEX
 * ```
 */
export function apiErrorName(retval: number): VnetErrorName | undefined {
  return NAMES.get(retval);
}

/**
 * Reports whether VPP has an error of this name.
 *
 * @example
 * ```ts
 * import { isVnetErrorName, VNET_ERRORS } from "vpp-punt/binapi";
 *
 * const name = process.argv[2] ?? "VALUE_EXIST";
 * if (isVnetErrorName(name)) console.log(VNET_ERRORS[name]); // -81 for VALUE_EXIST
 * ```
 */
export function isVnetErrorName(name: string): name is VnetErrorName {
  return Object.hasOwn(VNET_ERRORS, name);
}
