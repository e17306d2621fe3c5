// What can be asked for: the one place that says what a valid punt request is. TypeScript types and JSON Schema follow from it.
import * as z from "zod";
import { PuntError } from "../../errors.js";
import type { Family } from "../../net/index.js";
import { aclRule, familyOfProtocol } from "./acl-rule.js";
import {
  addressFamily,
  interfaceAddress,
  LONGEST_DEVICE_NAME,
  label,
  mac,
  netns,
  port,
  protocol,
  protocols,
  socketPath,
  text,
  vppInterface,
  vrf,
  withoutCnfVrf,
} from "./fields.js";

/** What a punt may wait for on its caller's wish. */
const dependency = z.union(
  [
    z.strictObject({ kind: z.literal("interface"), name: vppInterface }),
    z.strictObject({ kind: z.literal("link-up"), name: vppInterface }),
    z.strictObject({ kind: z.literal("address"), name: vppInterface }),
    z.strictObject({ kind: z.literal("vrf"), vrf, af: addressFamily.default("IPV4") }),
  ],
  '{ kind: "interface", "link-up" or "address", name } or { kind: "vrf", vrf, af }',
);

/** What every request has. `(cnf, key, label)` is its identity. */
const identity = {
  cnf: label.describe("Label of the application that wants the packets"),
  key: text.default("").describe("The configuration item this punt was made for"),
  label: text.default("").describe("Tells several punts of one item apart"),
  netns: netns.optional(),
  dependsOn: z.array(dependency).max(64).optional().describe("What the punt waits for besides what its type needs"),
};
/** TAP and MEMIF: interconnects that are interfaces. */
const overInterface = {
  interconnect: z.enum(["TAP", "MEMIF"], "TAP and MEMIF are the interconnects of this type"),
  enableGso: z.boolean().default(false).describe("GSO on the TAP; MEMIF goes without"),
};

const hairpinXconnect = z
  .strictObject({
    type: z.literal("HAIRPIN_XCONNECT"),
    ...identity,
    ...overInterface,
    vppInterface1: vppInterface,
    vppInterface2: vppInterface,
  })
  .refine(({ vppInterface1, vppInterface2 }) => vppInterface1 !== vppInterface2, {
    path: ["vppInterface2"],
    message: "is the same as vppInterface1",
  });

function isDistinct(prefixes: readonly string[]): boolean {
  return new Set(prefixes.map((text) => text.split("/")[0])).size === prefixes.length;
}

const hairpinInterface = z.strictObject({
  name: vppInterface.describe("Name of the new interface, on both sides"),
  physAddress: mac.optional().describe("MAC address of VPP's side"),
  ipAddresses: z.array(interfaceAddress).refine(isDistinct, "has an address twice").default([]),
  vrf: vrf.default(0),
  withDhcpClient: z.boolean().default(false),
  mtu: z.int().min(64).max(65535).optional().describe("MTU of both sides, in bytes"),
});

const hairpin = z
  .strictObject({ type: z.literal("HAIRPIN"), ...identity, ...overInterface, vppInterface, hairpinInterface })
  .refine(({ interconnect, hairpinInterface: { name } }) => interconnect !== "TAP" || isDeviceName(name), {
    path: ["hairpinInterface", "name"],
    message: `names a Linux device as well: at most ${LONGEST_DEVICE_NAME} characters, no '/' or ':'`,
  })
  .refine(({ hairpinInterface: { name }, vppInterface: attached }) => name !== attached, {
    path: ["hairpinInterface", "name"],
    message: "is the same as vppInterface",
  });

function isDeviceName(name: string): boolean {
  return /^[^/:\s\0]+$/.test(name) && Buffer.byteLength(name) <= LONGEST_DEVICE_NAME && name !== "." && name !== "..";
}

const span = z.strictObject({
  type: z.literal("SPAN"),
  ...identity,
  ...overInterface,
  vppInterface,
  direction: z.enum(["rx", "tx", "both"]).default("both"),
});

const abx = z
  .strictObject({
    type: z.literal("ABX"),
    ...identity,
    ...overInterface,
    vppInterface,
    vrf: vrf.default(0),
    withoutCnfVrf: withoutCnfVrf.default(false),
    ingressAclRules: z.array(aclRule).max(10_000).default([]),
    egressAclRules: z.array(aclRule).max(10_000).default([]),
  })
  .refine(({ ingressAclRules, egressAclRules }) => ingressAclRules.length + egressAclRules.length > 0, {
    path: ["ingressAclRules"],
    message: "without a rule, here or in egressAclRules, nothing is punted",
  });

const isisx = z.strictObject({
  type: z.literal("ISISX"),
  ...identity,
  ...overInterface,
  vppInterface,
  vrf: vrf.default(0),
  withoutCnfVrf: withoutCnfVrf.default(false),
});

const dhcpProxy = z.strictObject({
  type: z.literal("DHCP_PROXY"),
  ...identity,
  ...overInterface,
  vrf: vrf.default(0),
  withoutCnfVrf: withoutCnfVrf.default(false),
  families: z
    .array(addressFamily)
    .min(1)
    .refine((all) => new Set(all).size === all.length, "has a family twice")
    .default(["IPV4"])
    .describe("DHCP (IPV4), DHCPv6 (IPV6) or both"),
});

const toHost = z
  .strictObject({
    af: z.enum(["IPV4", "IPV6", "BOTH"]).describe("BOTH: of either family, under one identity"),
    protocol: z.enum(["UDP", "ICMPv6"], "UDP and ICMPv6 are what VPP punts to the host"),
    port: port.describe("UDP port, or ICMPv6 type"),
  })
  .refine(({ protocol: name, af }) => name === "UDP" || af === "IPV6", { path: ["af"], message: "ICMPv6 is IPV6" })
  .refine(({ protocol: name, port: number }) => name === "UDP" || number <= 0xff, {
    path: ["port"],
    message: "an ICMPv6 type is at most 255",
  });
const ipProto = z
  .strictObject({
    af: addressFamily,
    protocol,
    force: z
      .literal(true)
      .optional()
      .describe("Take a protocol that VPP handles itself: it loses it until it restarts"),
  })
  .refine(({ protocol: number }) => number !== protocols.ANY, { path: ["protocol"], message: "VPP punts one protocol" })
  .refine(({ af, protocol: number }) => (familyOfProtocol(number) ?? familyNumber(af)) === familyNumber(af), {
    path: ["protocol"],
    message: "is of the other address family",
  })
  .refine(({ protocol: number, force }) => force || !OF_VPP.has(number), {
    path: ["protocol"],
    message:
      "is one that VPP handles itself (ICMP, ICMPV6, TCP, UDP): it would lose it for good, also after the punt; force: true takes it all the same",
  });

/** Protocols that VPP's own nodes handle: deregistering a punt of one leaves VPP without any handler. */
const OF_VPP: ReadonlySet<number> = new Set([protocols.ICMP, protocols.ICMPV6, protocols.TCP, protocols.UDP]);

function familyNumber(af: "IPV4" | "IPV6"): Family {
  return af === "IPV4" ? 4 : 6;
}

const exception = z.strictObject({ reason: z.string().regex(/^\S{1,63}$/, "the name of a punt reason of VPP") });

const puntToSocket = z
  .strictObject({
    type: z.literal("PUNT_TO_SOCKET"),
    ...identity,
    interconnect: z.literal("AF_UNIX", "AF_UNIX is the interconnect of this type").default("AF_UNIX"),
    toHost: toHost.optional(),
    ipProto: ipProto.optional(),
    exception: exception.optional(),
    socketPath: socketPath.describe("Path of the CNF's datagram socket"),
  })
  .refine((request) => [request.toHost, request.ipProto, request.exception].filter(Boolean).length === 1, {
    path: ["toHost"],
    message: "exactly one of toHost, ipProto and exception has to be given",
  });

const types = [hairpinXconnect, hairpin, span, abx, puntToSocket, dhcpProxy, isisx] as const;
/** The names of the types. */
export const PUNT_TYPES: readonly PuntType[] = types.map(({ shape }) => shape.type.value);
const requestSchema = z.discriminatedUnion("type", types);
/** With the types that were added. */
let anySchema: z.ZodType<PuntRequest, PuntRequestInput> = requestSchema;
const added: TypeSchema[] = [];

/** The schema of one type: `type` is a literal, and the fields of `commonFields` are among its own. */
export type TypeSchema = z.ZodObject<{ type: z.ZodLiteral<string> }>;

/** Fields that every request has, and those of requests whose interconnects are interfaces. */
export const commonFields = { ...identity, ...overInterface };

/** Adds the schema of a type. Returns the type's name. */
export function addRequestSchema(schema: TypeSchema): string {
  added.push(schema);
  anySchema = z.discriminatedUnion("type", [...types, ...added]) as unknown as typeof anySchema;
  return schema.shape.type.value;
}

const idSchema = z.strictObject({ cnf: identity.cnf, key: identity.key, label: identity.label });

export type HairpinXconnectRequest = z.output<typeof hairpinXconnect>;
export type HairpinRequest = z.output<typeof hairpin>;
export type SpanRequest = z.output<typeof span>;
export type AbxRequest = z.output<typeof abx>;
export type IsisxRequest = z.output<typeof isisx>;
export type DhcpProxyRequest = z.output<typeof dhcpProxy>;
export type PuntToSocketRequest = z.output<typeof puntToSocket>;
export type Dependency = z.output<typeof dependency>;
export type NetnsRef = z.output<typeof netns>;

/** A request as a caller writes it: what has a default may be left out. */
export type PuntRequestInput = z.input<typeof requestSchema>;
/** A valid request, defaults filled in, addresses in canonical form. */
export type PuntRequest = z.output<typeof requestSchema>;
export type PuntType = PuntRequest["type"];
export type InterconnectType = PuntRequest["interconnect"];
/** Which punt: `key` and `label` are "" unless given. */
export type PuntId = z.output<typeof idSchema>;
export type PuntIdInput = z.input<typeof idSchema>;

/** JSON Schema (2020-12) of one request: for editors and for checks outside of Node.js. */
export function requestJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(anySchema, { io: "input", unrepresentable: "any" }) as Record<string, unknown>;
}

/** JSON Schema of a file of punts. */
export function fileJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(z.strictObject({ punts: z.array(anySchema) }), {
    io: "input",
    unrepresentable: "any",
  }) as Record<string, unknown>;
}

/** @throws PuntError `ERR_INVALID_REQUEST`; `details.issues` has one `{ field, message }` for each thing that is wrong. */
export function parseRequest(input: unknown, where = "request", op = "punt.add"): PuntRequest {
  return parse(anySchema, input, op, where);
}

/** @throws PuntError `ERR_INVALID_REQUEST` */
export function parseCnf(input: unknown, op: string): string {
  return parse(label, input, op, "cnf");
}

/** @throws PuntError `ERR_INVALID_REQUEST` */
export function parseId(input: unknown, op: string): PuntId {
  return parse(idSchema, input, op, "id");
}

function parse<S extends z.ZodType>(schema: S, input: unknown, op: string, where: string): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issues = result.error.issues.flatMap(fieldsOf);
  const list = issues.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)).join("; ");
  throw new PuntError(op, "ERR_INVALID_REQUEST", `${where}: ${list}`, { where, issues });
}

interface Issue {
  readonly field: string;
  readonly message: string;
}

function fieldsOf(issue: z.core.$ZodIssue): Issue[] {
  const field = fieldName(issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), message: "is not a field of this" }));
  }
  const isMissing = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
  return [{ field, message: isMissing ? "is missing" : issue.message }];
}

/** `ingressAclRules[0].sourcePort` */
function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === "number") return `${name}[${part}]`;
    return name === "" ? String(part) : `${name}.${String(part)}`;
  }, "");
}

/** One text for an identity; no two identities share one. */
export function idKey({ cnf, key, label: name }: PuntId): string {
  return JSON.stringify([cnf, key, name]);
}

/** An identity as people read it: `cnf/key/label` without its empty parts. */
export function idText({ cnf, key, label: name }: PuntId): string {
  return [cnf, key, name].filter((part) => part !== "").join("/");
}

export function idOf({ cnf, key, label: name }: PuntId): PuntId {
  return { cnf, key, label: name };
}
