// fib_path of fib_types.api: the paths of routes, to the data plane and back.
import {
  type Address,
  type AddressFamily,
  type DataPlane,
  type FibPath,
  type FibPathKind,
  formatAddress,
  NO_INTERFACE,
  parseAddress,
  UNSPECIFIED6,
} from "../dataplane/index.js";
import { VnetError } from "../vnet-error.js";

/** fib_path of fib_types.api. */
export interface ApiFibPath {
  sw_if_index: number;
  table_id: number;
  weight: number;
  preference: number;
  type: string | number;
  proto: string | number;
  nh: { address?: { ip4?: string; ip6?: string } };
}

/** Reads a path of the API. Refuses interfaces and tables that do not exist, as VPP does. */
export function decodePath(dp: DataPlane, path: ApiFibPath): FibPath {
  const base = { weight: path.weight || 1, preference: path.preference };
  switch (path.type) {
    case "FIB_API_PATH_TYPE_DROP":
    case "FIB_API_PATH_TYPE_ICMP_UNREACH":
    case "FIB_API_PATH_TYPE_ICMP_PROHIBIT":
      return { ...base, kind: "drop", swIfIndex: NO_INTERFACE };
    case "FIB_API_PATH_TYPE_LOCAL":
      return { ...base, kind: "receive", swIfIndex: path.sw_if_index };
    case "FIB_API_PATH_TYPE_NORMAL":
      return { ...base, ...normalPath(dp, path) };
    default:
      throw new VnetError("UNSUPPORTED", `the embedded VPP has no paths of type ${path.type}`);
  }
}

function normalPath(dp: DataPlane, path: ApiFibPath): Pick<FibPath, "kind" | "swIfIndex" | "nextHop" | "tableId"> {
  const nextHop = nextHopOf(path);
  const swIfIndex = path.sw_if_index;
  if (swIfIndex !== NO_INTERFACE) {
    if (dp.interfaces.find(swIfIndex) === undefined) {
      throw new VnetError("NO_MATCHING_INTERFACE", `there is no interface ${swIfIndex}`);
    }
    return isZero(nextHop) ? { kind: "attached", swIfIndex } : { kind: "next-hop", swIfIndex, nextHop };
  }
  const tableId = path.table_id;
  (typeof nextHop === "number" ? dp.ip4 : dp.ip6).get(tableId);
  const kind: FibPathKind = isZero(nextHop) ? "table" : "next-hop";
  return { kind, swIfIndex, tableId, ...(isZero(nextHop) ? {} : { nextHop }) };
}

function nextHopOf({ proto, nh }: ApiFibPath): Address {
  if (proto === "FIB_API_PATH_NH_PROTO_IP4") return parseAddress(nh.address?.ip4 ?? "0.0.0.0");
  if (proto === "FIB_API_PATH_NH_PROTO_IP6") return parseAddress(nh.address?.ip6 ?? "::");
  throw new VnetError("FIB_PATH_UNSUPPORTED_NH_PROTO", `the embedded VPP has no next hops of ${proto}`);
}

function isZero(address: Address): boolean {
  return address === 0 || address === UNSPECIFIED6;
}

const TYPES: Record<FibPathKind, string> = {
  drop: "FIB_API_PATH_TYPE_DROP",
  receive: "FIB_API_PATH_TYPE_LOCAL",
  attached: "FIB_API_PATH_TYPE_NORMAL",
  "next-hop": "FIB_API_PATH_TYPE_NORMAL",
  table: "FIB_API_PATH_TYPE_NORMAL",
};

export function encodePath(path: FibPath, family: AddressFamily): Record<string, unknown> {
  const zero = family === 4 ? "0.0.0.0" : "::";
  const nextHop = path.nextHop === undefined ? zero : formatAddress(path.nextHop);
  return {
    sw_if_index: path.swIfIndex,
    table_id: path.tableId ?? 0,
    rpf_id: 0xffffffff,
    weight: path.weight,
    preference: path.preference,
    type: TYPES[path.kind],
    flags: 0,
    proto: family === 4 ? "FIB_API_PATH_NH_PROTO_IP4" : "FIB_API_PATH_NH_PROTO_IP6",
    nh: {
      address: family === 4 ? { ip4: nextHop } : { ip6: nextHop },
      via_label: 0,
      obj_id: 0,
      classify_table_index: 0,
    },
    n_labels: 0,
    label_stack: Array.from({ length: 16 }, () => ({ is_uniform: 0, label: 0, ttl: 0, exp: 0 })),
  };
}
