// Requests: the schema of all types, its checks, and the identity of a punt.
import type * as z from "zod";
import { PuntError } from "../../errors.js";
import { lazily, zod } from "../../lazily.js";
import { OptionCheck } from "../../options.js";
import { checkShape } from "../../shapes.js";
import { label } from "./fields.js";
import { identity, overInterface, typeSchemas } from "./type-schemas.js";
import { withoutUnset } from "./unset.js";

/** The names of the types. */
export const PUNT_TYPES: readonly PuntType[] = [
  "HAIRPIN_XCONNECT",
  "HAIRPIN",
  "SPAN",
  "ABX",
  "PUNT_TO_SOCKET",
  "DHCP_PROXY",
  "ISISX",
];
const requestSchema = lazily(() => zod().discriminatedUnion("type", typeSchemas(), { error: ofTypes }));

function ofTypes({ code }: z.core.$ZodRawIssue): string | undefined {
  if (code !== "invalid_union") return undefined;
  return `must be one of ${allTypes()
    .map(({ shape }) => shape.type.value)
    .join(", ")}`;
}

const added: TypeSchema[] = [];
/** The schema of all types, added ones included. */
let anySchema: () => z.ZodType<PuntRequest, PuntRequestInput> = requestSchema;

function allTypes(): readonly TypeSchema[] {
  return [...typeSchemas(), ...added];
}

/** The schema of one type: `type` is a literal, and the fields of `commonFields` are among its own. */
export type TypeSchema = z.ZodObject<{ type: z.ZodLiteral<string> }>;

/** Fields that every request has, and those of requests whose interconnects are interfaces. */
export const commonFields = lazily(() => ({ ...identity(), ...overInterface() }));

/** Adds the schema of a type. Returns the type's name. */
export function addRequestSchema(schema: TypeSchema): string {
  added.push(schema);
  anySchema = lazily(() => zod().discriminatedUnion("type", [...typeSchemas(), ...added], { error: ofTypes }) as never);
  return schema.shape.type.value;
}

/** Returns whether requests of the type have the field. */
export function hasField(type: unknown, field: string): boolean {
  const found = allTypes().find(({ shape }) => shape.type.value === type);
  return found !== undefined && field in found.shape;
}

const idSchema = lazily(() =>
  zod().strictObject({ cnf: identity().cnf, key: identity().key, label: identity().label }),
);

/** A request as a caller writes it. Fields with a default are optional. */
export type PuntRequestInput = z.input<ReturnType<typeof requestSchema>>;
/** A valid request, with defaults filled in and addresses in canonical form. */
export type PuntRequest = z.output<ReturnType<typeof requestSchema>>;
export type PuntType = PuntRequest["type"];
export type InterconnectType = PuntRequest["interconnect"];
/** The identity of a punt. The default of `key` and `label` is "". */
export type PuntId = z.output<ReturnType<typeof idSchema>>;
export type PuntIdInput = z.input<ReturnType<typeof idSchema>>;

/**
 * Returns the JSON Schema (2020-12) of one request, for editors and for checks outside of Node.js.
 *
 * @example
 * ```ts
 * import { requestJsonSchema } from "vpp-punt";
 *
 * console.log(JSON.stringify(requestJsonSchema(), null, 2));
 * ```
 */
export function requestJsonSchema(): Record<string, unknown> {
  return jsonSchema(anySchema());
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  return zod().toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema: made }) => {
      // An editor does not know whether a daemon will choose the path.
      if (made.required) made.required = made.required.filter((field) => field !== "socketPath");
    },
  }) as Record<string, unknown>;
}

/**
 * Returns the JSON Schema (2020-12) of a file of punts.
 *
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import { fileJsonSchema } from "vpp-punt";
 *
 * writeFileSync("punts.schema.json", JSON.stringify(fileJsonSchema()));
 * ```
 */
export function fileJsonSchema(): Record<string, unknown> {
  return jsonSchema(zod().strictObject({ punts: zod().array(anySchema()) }));
}

/**
 * Checks a request and fills in defaults. 0, "" and an empty list mean "not set" where a field allows none of them.
 *
 * @throws PuntError `ERR_INVALID_REQUEST`; `details.issues` has a `{ field, message }` for each problem
 * @example
 * ```ts
 * import { parseRequest } from "vpp-punt";
 *
 * const request = parseRequest({ type: "SPAN", cnf: "monitor", interconnect: "MEMIF", vppInterface: "eth0" });
 * console.log(request.type, request.label); // the label is ""
 * ```
 */
export function parseRequest(input: unknown, where = "request", op = "punt.add"): PuntRequest {
  return parse(anySchema(), withoutUnset(input), op, where);
}

/**
 * Reads a request that a manager has taken, perhaps one of another version. What an earlier version allowed is returned as it is, although
 * `parseRequest` refuses it now.
 *
 * @throws PuntError `ERR_INVALID_REQUEST`: it has fields or values that this version does not know
 */
export function parseTaken(input: unknown, where: string, op: string): PuntRequest {
  const set = withoutUnset(input);
  const result = checkShape(anySchema(), set);
  if (result.success) return result.data;
  if (result.error.issues.some(isUnknown)) throw invalid(result.error.issues, where, op);
  return set as PuntRequest;
}

/** Returns a request that a daemon has told, or the punt's name if this version does not know the request. */
export function knownRequest<I extends PuntId>(told: I): PuntRequest {
  try {
    return parseTaken(told, "request", "punt.status");
  } catch {
    return idOf(told as unknown as PuntRequest) as PuntRequest;
  }
}

/** Whether a value breaks more than a rule about values: no earlier version has written it. */
function isUnknown(issue: z.core.$ZodIssue): boolean {
  if (issue.code === "invalid_union") return issue.errors.every((branch) => branch.some(isUnknown));
  return ["unrecognized_keys", "invalid_value", "invalid_type"].includes(issue.code);
}

/** Checks the name of a CNF. @throws PuntError `ERR_INVALID_REQUEST` */
export function parseCnf(input: unknown, op: string): string {
  return parse(label(), input, op, "cnf");
}

/** Checks the identity of a punt. @throws PuntError `ERR_INVALID_REQUEST` */
export function parseId(input: unknown, op: string): PuntId {
  return parse(idSchema(), input, op, "id");
}

function parse<S extends z.ZodType>(schema: S, input: unknown, op: string, where: string): z.output<S> {
  const result = checkShape(schema, input);
  if (result.success) return result.data;
  throw invalid(result.error.issues, where, op);
}

function invalid(found: readonly z.core.$ZodIssue[], where: string, op: string): PuntError {
  const issues = distinct(found.flatMap(fieldsOf));
  const list = issues.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)).join("; ");
  return new PuntError(op, "ERR_INVALID_REQUEST", `${where}: ${list}`, { where, issues });
}

interface Issue {
  readonly field: string;
  readonly message: string;
}

function distinct(issues: readonly Issue[]): Issue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}

/** The words of zod itself, where a field has none of its own. */
const NOT_AMONG = /^Invalid option:/;

function fieldsOf(issue: z.core.$ZodIssue): Issue[] {
  const field = fieldName(issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), message: "is not a field of this" }));
  }
  if (issue.code === "invalid_value" && NOT_AMONG.test(issue.message))
    return [{ field, message: `must be one of ${issue.values.join(", ")}` }];
  const isMissing = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
  return [{ field, message: isMissing ? "is missing" : issue.message }];
}

/** Returns a path as text, such as `ingressAclRules[0].sourcePort`. */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === "number") return `${name}[${part}]`;
    return name === "" ? String(part) : `${name}.${String(part)}`;
  }, "");
}

/**
 * Returns a text for an identity. No two identities have the same.
 *
 * @throws PuntError `ERR_OPTION`: it is not an identity
 * @example
 * ```ts
 * import { idKey, type PuntStatus } from "vpp-punt";
 *
 * const statuses = new Map<string, PuntStatus>();
 * const status = statuses.get(idKey({ cnf: "dns", key: "", label: "ipv6" }));
 * ```
 */
export function idKey(id: PuntId): string {
  const { cnf, key, label: name } = identified(id, "punt.id-key");
  return JSON.stringify([cnf, key, name]);
}

/**
 * Returns an identity for people: `cnf/key/label` without empty parts.
 *
 * @throws PuntError `ERR_OPTION`: it is not an identity
 * @example
 * ```ts
 * import { idText } from "vpp-punt";
 *
 * console.log(idText({ cnf: "dns", key: "", label: "ipv6" })); // dns/ipv6
 * ```
 */
export function idText(id: PuntId): string {
  const { cnf, key, label: name } = identified(id, "punt.id-text");
  return [cnf, key, name].filter((part) => part !== "").join("/");
}

/**
 * Returns the identity of a request.
 *
 * @throws PuntError `ERR_OPTION`: it has none
 * @example
 * ```ts
 * import { idOf, loadRequests } from "vpp-punt";
 *
 * for (const request of await loadRequests("punts.yaml")) console.log(idOf(request).cnf);
 * ```
 */
export function idOf(request: PuntId): PuntId {
  const { cnf, key, label: name } = identified(request, "punt.id-of");
  return { cnf, key, label: name };
}

/** Whether two parsed requests ask for the same: parsing puts the fields of both into one order. */
export function isSameRequest(one: PuntRequest, other: PuntRequest): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Refuses what has no identity. The values of the parts are left to the checks of a request. */
function identified(id: PuntId, op: string): PuntId {
  if (typeof id !== "object" || id === null) new OptionCheck(op).object("id", id);
  for (const part of ["cnf", "key", "label"] as const)
    if (id[part] !== undefined && typeof id[part] !== "string") new OptionCheck(op).text(`id.${part}`, id[part]);
  return id;
}
