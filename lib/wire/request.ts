// A punt request in the daemon's contract, and back. Its JSON form is the library's own form but for the few fields below.
import { create, fromJson, type JsonObject, toJson } from "@bufbuild/protobuf";
import { PuntError } from "../errors.js";
import {
  type PathlessRequest,
  type PathlessRequestInput,
  type PuntId,
  type PuntIdInput,
  parsePathless,
} from "../punt/index.js";
import {
  type PuntId as WireId,
  PuntIdSchema as WireIdSchema,
  type PuntRequest as WireRequest,
  PuntRequestSchema as WireRequestSchema,
} from "./gen/vpp_punt/v1/request_pb.js";

type Fields = Record<string, unknown>;

const RULE_RANGES = ["sourcePort", "destinationPort", "icmpType", "icmpCode"];

/**
 * Returns the request as the contract has it.
 *
 * @throws PuntError ERR_INVALID_REQUEST: as the in-process manager would throw
 */
export function requestToWire(input: PathlessRequestInput, op = "punt.add", where = "request"): WireRequest {
  const fields = jsonOfRequest(parsePathless(input, where, op));
  // The JSON form has no word for undefined.
  const json = JSON.parse(JSON.stringify(fields)) as JsonObject;
  return fromJson(WireRequestSchema, json, { ignoreUnknownFields: true });
}

/** Returns the JSON form of a valid request in the contract. */
export function jsonOfRequest(request: PathlessRequest): Fields {
  const fields: Fields = { ...request };
  if ("direction" in request) fields.direction = request.direction.toUpperCase();
  if ("ingressAclRules" in request) {
    fields.ingressAclRules = request.ingressAclRules.map(ruleToWire);
    fields.egressAclRules = request.egressAclRules.map(ruleToWire);
  }
  const { toHost, ipProto } = fields as { toHost?: { protocol: string }; ipProto?: { protocol: number } };
  if (toHost) fields.toHost = { ...toHost, protocol: toHost.protocol.toUpperCase() };
  if (ipProto) fields.ipProto = { ...ipProto, protocol: String(ipProto.protocol) };
  return fields;
}

function ruleToWire(rule: { readonly protocol: number }): Fields {
  return { ...rule, protocol: String(rule.protocol) };
}

/**
 * Returns a request of the contract as the library takes it, not checked yet. The path of a punt socket may be missing.
 */
export function requestFromWire(request: WireRequest | undefined): Fields {
  const fields = toJson(WireRequestSchema, request ?? create(WireRequestSchema)) as Fields;
  for (const name of ["ingressAclRules", "egressAclRules"])
    if (Array.isArray(fields[name])) fields[name] = fields[name].map(ruleFromWire);
  return fields;
}

/** Zeros are left out of the JSON form, but a range of which both ends are 0 is one. */
function ruleFromWire(rule: Fields): Fields {
  const fields = { ...rule };
  for (const name of RULE_RANGES) if (fields[name]) fields[name] = { first: 0, last: 0, ...(fields[name] as Fields) };
  if (fields.tcpFlags) fields.tcpFlags = { mask: 0, value: 0, ...(fields.tcpFlags as Fields) };
  return fields;
}

/** Returns an id of the contract as the library takes it. */
export function idFromWire(id: WireId | undefined): { cnf: string; key: string; label: string } {
  return { cnf: id?.cnf ?? "", key: id?.key ?? "", label: id?.label ?? "" };
}

/** Returns an id as the contract has it. */
export function idToWire(id: PuntIdInput | PuntId): WireId {
  const { cnf, key = "", label = "" } = id;
  if ([cnf, key, label].some((part) => typeof part !== "string"))
    throw new PuntError("punt.id", "ERR_INVALID_REQUEST", "id: cnf, key and label are texts");
  return create(WireIdSchema, { cnf, key, label });
}
