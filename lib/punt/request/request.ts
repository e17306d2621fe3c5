// What can be asked for: the one place that says what a valid punt request is. TypeScript types and JSON Schema follow from it.
import * as z from "zod";
import { PuntError } from "../../errors.js";
import { type Family, familyOf, formatPrefix, IP_PROTOCOL, parsePrefix } from "../../net/index.js";

/** Longest text VPP stores as an interface's tag or name. */
const longestVppName = 63;
/** Longest name of a Linux network device. */
const longestDeviceName = 15;
/** Longest path of a punt socket: `string[108]` on the wire, its NUL included. */
const longestSocketPath = 107;

const label = z.string().regex(/^[\w.-]{1,63}$/, "1 to 63 letters, digits, '_', '.' or '-'");
const text = z.string().max(1024);
const vppInterface = z
  .string()
  .regex(/^[^\s\0]+$/, "an interface's tag or name, without spaces")
  .max(longestVppName)
  .describe("An interface of VPP, by its tag or by VPP's own name");
const vrf = z.int().min(0).max(0xffff_fffe).describe("VRF id: VPP's table id; 0 is the default table");
const withoutCnfVrf = z.boolean().describe("Leave out the Linux VRF device on the CNF's side");
const port = z.int().min(0).max(0xffff);
const byte = z.int().min(0).max(0xff);
const addressFamily = z.enum(["IPV4", "IPV6"]);

const mac = z
  .string()
  .regex(/^([\da-f]{2}:){5}[\da-f]{2}$/i, "six hexadecimal bytes with colons between them")
  .refine(
    (address) => (Number.parseInt(address.slice(0, 2), 16) & 1) === 0,
    "a multicast address cannot be an interface's",
  )
  .transform((address) => address.toLowerCase());

const prefix = z.string().transform((value, context) => {
  const parsed = parsePrefix(value);
  if (parsed) return formatPrefix(parsed);
  context.addIssue({ code: "custom", message: "an address with prefix length, such as 10.0.0.1/24 or fd00::1/64" });
  return z.NEVER;
});

const network = z
  .union([z.enum(["any", "local", ""]), prefix], '"any", "local", "" or a prefix such as 10.0.0.0/8 or fd00::/8')
  .describe('"any" or "": every address; "local": each address of vppInterface');

const range = (value: z.ZodInt) =>
  z
    .union(
      [value.transform((only) => ({ first: only, last: only })), z.strictObject({ first: value, last: value })],
      `a number from ${value.minValue} to ${value.maxValue}, or { first, last } of two`,
    )
    .refine(({ first, last }) => first <= last, "first is greater than last");

const { HOPOPT: ANY, RESERVED: _, ...assigned } = IP_PROTOCOL;
/** IP protocols that a request can name; any other is a number. VPP takes 0 as "any". */
const protocols = { ANY, ...assigned };
const protocol = z.union(
  [
    byte,
    z
      .string()
      .toUpperCase()
      .pipe(z.enum(Object.keys(protocols) as [keyof typeof protocols]))
      .transform((name) => protocols[name]),
  ],
  `a number from 0 to 255, or one of ${Object.keys(protocols).join(", ")}`,
);

const aclRule = z
  .strictObject({
    sourceNetwork: network.default("any"),
    destinationNetwork: network.default("any"),
    protocol: protocol.default(0).describe("IP protocol by number or name; 0 matches any"),
    sourcePort: range(port).optional(),
    destinationPort: range(port).optional(),
    icmpType: range(byte).optional(),
    icmpCode: range(byte).optional(),
    tcpFlags: z.strictObject({ mask: byte, value: byte }).optional(),
  })
  .superRefine((rule, context) => {
    for (const [field, needs] of Object.entries(protocolsOfField)) {
      if (rule[field as keyof typeof rule] !== undefined && !needs.includes(rule.protocol)) {
        context.addIssue({ code: "custom", path: [field], message: `does not go with protocol ${rule.protocol}` });
      }
    }
    const [source, destination] = [rule.sourceNetwork, rule.destinationNetwork].map((at) => familyOf(at.split("/")[0]));
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
  });

const withPorts = [protocols.TCP, protocols.UDP, protocols.SCTP];
const icmps = [protocols.ICMP, protocols.ICMPV6];

/** ICMP is the one protocol with a number for each address family. */
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

const netns = z
  .union(
    [
      z.strictObject({ name: z.string().regex(/^(?!\.{1,2}$)[^/\s\0]{1,63}$/, "the name of a network namespace") }),
      z.strictObject({ path: z.string().startsWith("/").max(longestVppName) }),
      z.strictObject({ pid: z.int().positive() }),
    ],
    "one of { name: <in /run/netns> }, { path: </absolute/path> } and { pid: <number> }",
  )
  .describe(
    "Network namespace the CNF lives in: by name (/run/netns), by path or by a process in it. Left out: the manager's own",
  );

const socketPath = z
  .string()
  .startsWith("/")
  .refine((path) => Buffer.byteLength(path) <= longestSocketPath, `longer than ${longestSocketPath} bytes`);

/** What every request has. `(cnf, key, label)` is its identity. */
const identity = {
  cnf: label.describe("Label of the application that wants the packets"),
  key: text.default("").describe("The configuration item this punt was made for"),
  label: text.default("").describe("Tells several punts of one item apart"),
  netns: netns.optional(),
};
/** TAP and MEMIF: interconnects that are interfaces. */
const overInterface = {
  interconnect: z.enum(["TAP", "MEMIF"], "TAP and MEMIF are the interconnects of this type"),
  enableGso: z.boolean().default(false).describe("GSO on the TAP"),
};
const gsoNeedsTap = (request: { interconnect: string; enableGso: boolean }) =>
  request.interconnect === "TAP" || !request.enableGso;
const gsoMessage = { path: ["enableGso"], message: "GSO is for TAP only" };

const hairpinXconnect = z
  .strictObject({
    type: z.literal("HAIRPIN_XCONNECT"),
    ...identity,
    ...overInterface,
    vppInterface1: vppInterface,
    vppInterface2: vppInterface,
  })
  .refine((it) => it.vppInterface1 !== it.vppInterface2, {
    path: ["vppInterface2"],
    message: "is the same as vppInterface1",
  })
  .refine(gsoNeedsTap, gsoMessage);

const hairpinInterface = z.strictObject({
  name: vppInterface.describe("Name of the new interface, on both sides"),
  physAddress: mac.optional().describe("MAC address of VPP's side"),
  ipAddresses: z.array(prefix).default([]),
  vrf: vrf.default(0),
  withDhcpClient: z.boolean().default(false),
  mtu: z.int().min(64).max(65535).optional().describe("MTU of both sides, in bytes"),
});

const hairpin = z
  .strictObject({ type: z.literal("HAIRPIN"), ...identity, ...overInterface, vppInterface, hairpinInterface })
  .refine(({ interconnect, hairpinInterface: { name } }) => interconnect !== "TAP" || isDeviceName(name), {
    path: ["hairpinInterface", "name"],
    message: `names a Linux device as well: at most ${longestDeviceName} characters, no '/' or ':'`,
  })
  .refine((it) => it.hairpinInterface.name !== it.vppInterface, {
    path: ["hairpinInterface", "name"],
    message: "is the same as vppInterface",
  })
  .refine(gsoNeedsTap, gsoMessage);

function isDeviceName(name: string): boolean {
  return /^[^/:\s\0]+$/.test(name) && Buffer.byteLength(name) <= longestDeviceName && name !== "." && name !== "..";
}

const span = z
  .strictObject({
    type: z.literal("SPAN"),
    ...identity,
    ...overInterface,
    vppInterface,
    direction: z.enum(["rx", "tx", "both"]).default("both"),
  })
  .refine(gsoNeedsTap, gsoMessage);

const abx = z
  .strictObject({
    type: z.literal("ABX"),
    ...identity,
    ...overInterface,
    vppInterface,
    vrf: vrf.default(0),
    withoutCnfVrf: withoutCnfVrf.default(false),
    ingressAclRules: z.array(aclRule).min(1, "without a rule nothing is punted").max(10_000),
    egressAclRules: z.array(aclRule).max(10_000).default([]),
  })
  .refine(gsoNeedsTap, gsoMessage);

const isisx = z
  .strictObject({
    type: z.literal("ISISX"),
    ...identity,
    ...overInterface,
    vppInterface,
    vrf: vrf.default(0),
    withoutCnfVrf: withoutCnfVrf.default(false),
  })
  .refine(gsoNeedsTap, gsoMessage);

const dhcpProxy = z
  .strictObject({
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
  })
  .refine(gsoNeedsTap, gsoMessage);

const toHost = z
  .strictObject({
    af: addressFamily,
    protocol: z.enum(["UDP", "ICMPv6"]),
    port: port.describe("UDP port, or ICMPv6 type"),
  })
  .refine((it) => it.protocol === "UDP" || it.af === "IPV6", { path: ["af"], message: "ICMPv6 is IPV6" })
  .refine((it) => it.protocol === "UDP" || it.port <= 0xff, {
    path: ["port"],
    message: "an ICMPv6 type is at most 255",
  });
const ipProto = z.strictObject({ af: addressFamily, protocol });
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
  .refine((it) => [it.toHost, it.ipProto, it.exception].filter(Boolean).length === 1, {
    path: ["toHost"],
    message: "exactly one of toHost, ipProto and exception has to be given",
  });

const requestSchema = z.discriminatedUnion("type", [
  hairpinXconnect,
  hairpin,
  span,
  abx,
  puntToSocket,
  dhcpProxy,
  isisx,
]);
const idSchema = z.strictObject({ cnf: identity.cnf, key: identity.key, label: identity.label });

export type HairpinXconnectRequest = z.output<typeof hairpinXconnect>;
export type HairpinRequest = z.output<typeof hairpin>;
export type SpanRequest = z.output<typeof span>;
export type AbxRequest = z.output<typeof abx>;
export type IsisxRequest = z.output<typeof isisx>;
export type DhcpProxyRequest = z.output<typeof dhcpProxy>;
export type PuntToSocketRequest = z.output<typeof puntToSocket>;
export type AclRule = z.output<typeof aclRule>;
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
  return z.toJSONSchema(requestSchema, { io: "input", unrepresentable: "any" }) as Record<string, unknown>;
}

/** JSON Schema of a file of punts. */
export function fileJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(z.strictObject({ punts: z.array(requestSchema) }), {
    io: "input",
    unrepresentable: "any",
  }) as Record<string, unknown>;
}

/** @throws PuntError `ERR_INVALID_REQUEST`; `details.issues` has one `{ field, message }` for each thing that is wrong. */
export function parseRequest(input: unknown, where = "request", op = "punt.add"): PuntRequest {
  return parse(requestSchema, input, op, where);
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
