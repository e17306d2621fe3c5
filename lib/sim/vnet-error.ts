import { PuntError } from "../errors.js";

/** VPP's error numbers (src/vnet/error.h) that the embedded VPP answers with, or can be told to answer with. */
export const VNET_ERRORS = {
  UNSPECIFIED: -1,
  INVALID_SW_IF_INDEX: -2,
  NO_SUCH_FIB: -3,
  NO_SUCH_ENTRY: -6,
  INVALID_VALUE: -7,
  INVALID_VALUE_2: -8,
  UNIMPLEMENTED: -9,
  INVALID_SW_IF_INDEX_2: -10,
  SYSCALL_ERROR_1: -11,
  SYSCALL_ERROR_2: -12,
  SYSCALL_ERROR_3: -13,
  SYSCALL_ERROR_4: -14,
  FEATURE_DISABLED: -30,
  INVALID_REGISTRATION: -31,
  NEXT_HOP_NOT_IN_FIB: -50,
  NO_PATHS_IN_ROUTE: -52,
  NO_MATCHING_INTERFACE: -54,
  INVALID_SRC_ADDRESS: -57,
  INVALID_DST_ADDRESS: -58,
  ADDRESS_LENGTH_MISMATCH: -59,
  ADDRESS_NOT_FOUND_FOR_INTERFACE: -60,
  IP6_NOT_ENABLED: -62,
  SUBIF_ALREADY_EXISTS: -68,
  INVALID_INTERFACE: -71,
  INVALID_ARGUMENT: -73,
  UNEXPECTED_INTF_STATE: -74,
  RESPONSE_NOT_READY: -77,
  IF_ALREADY_EXISTS: -79,
  VALUE_EXIST: -81,
  IP_PREFIX_INVALID: -88,
  INVALID_ADDRESS_FAMILY: -97,
  TABLE_TOO_BIG: -99,
  ADDRESS_IN_USE: -105,
  ADDRESS_FOUND_FOR_INTERFACE: -114,
  ENTRY_ALREADY_EXISTS: -116,
  UNSUPPORTED: -126,
  DUPLICATE_IF_ADDRESS: -127,
  ACL_IN_USE_INBOUND: -142,
  ACL_IN_USE_OUTBOUND: -143,
  INIT_FAILED: -144,
  NETLINK_ERROR: -145,
  INSTANCE_IN_USE: -147,
  ACL_IN_USE_BY_LOOKUP_CONTEXT: -149,
  NON_ETHERNET: -151,
  FIB_PATH_UNSUPPORTED_NH_PROTO: -157,
  LIMIT_EXCEEDED: -162,
  EAGAIN: -165,
  BUSY: -167,
  BUG: -168,
  INVALID_PREFIX_LENGTH: -171,
} as const;

export type VnetErrorName = keyof typeof VNET_ERRORS;

/** What VPP refuses: thrown by the verbs of the data plane, sent as `retval` by the API. */
export class VnetError extends PuntError {
  readonly retval: number;

  constructor(name: VnetErrorName, message: string) {
    super("vpp", `VPP_${name}`, message, { retval: VNET_ERRORS[name] });
    this.retval = VNET_ERRORS[name];
  }
}

export function isVnetErrorName(name: string): name is VnetErrorName {
  return Object.hasOwn(VNET_ERRORS, name);
}
