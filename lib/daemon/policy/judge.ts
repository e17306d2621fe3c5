// Judges whether one rule of the policy allows a request, and if not, why.
import type { PuntRequest } from "../../punt/index.js";
import type { Rule } from "./schema.js";

/** A reason why a rule does not allow a request. */
export interface Objection {
  readonly rule: string;
  /** The field of the rule. */
  readonly field: string;
  readonly message: string;
}

/** What a request is about, in VPP's terms: names are resolved, so that an alias cannot pass a rule. */
export interface Resources {
  /** VPP's own names of the interfaces that the request names. */
  readonly interfaces: readonly string[];
  /** VRFs that those interfaces are in. */
  readonly vrfs: readonly number[];
  /** Names of interfaces that the request makes. */
  readonly newNames: readonly string[];
  /** Whether the namespace is the caller's own. */
  readonly ownNamespace: boolean;
  /** Whether the daemon chose the path of the socket. */
  readonly ownSocket: boolean;
  /** Punts that the CNFs of a rule have already, without this one. */
  count(rule: Rule): number;
}

const TCP = 6;
const UDP = 17;
const SCTP = 132;

/** Whether a name matches a pattern: `*` stands for any characters, `?` for one. Case counts. */
export function matches(pattern: string, name: string): boolean {
  const source = [...pattern].map((letter) => {
    if (letter === "*") return ".*";
    return letter === "?" ? "." : letter.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  });
  return new RegExp(`^${source.join("")}$`, "su").test(name);
}

/** Whether a name matches one of the patterns. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern, name));
}

/** Returns the reason why the rule does not allow the request, or undefined if it does. */
export function objectionTo(request: PuntRequest, rule: Rule, resources: Resources): Objection | undefined {
  if (rule.readOnly) return { rule: rule.name, field: "readOnly", message: "it allows to look only" };
  if (rule.operator) return undefined;
  for (const check of CHECKS) {
    const found = check(request, rule, resources);
    if (found) return { rule: rule.name, ...found };
  }
  return undefined;
}

type Check = (request: PuntRequest, rule: Rule, resources: Resources) => Omit<Objection, "rule"> | undefined;

const CHECKS: readonly Check[] = [
  ({ cnf }, { cnfs }) => (matchesAny(cnfs, cnf) ? undefined : not("cnfs", `CNF ${cnf}`, cnfs)),
  ({ type }, { types }) => among("types", type, types),
  ({ interconnect }, { interconnects }) => among("interconnects", interconnect, interconnects),
  interfaceCheck,
  vrfCheck,
  portCheck,
  namespaceCheck,
  socketCheck,
  ({ cnf }, rule, { count }) =>
    rule.count === undefined || count(rule) < rule.count
      ? undefined
      : { field: "count", message: `CNF ${cnf} and its like have ${count(rule)} punts, and ${rule.count} are allowed` },
];

function not(field: string, what: string, allowed: readonly unknown[]): Omit<Objection, "rule"> {
  return { field, message: `${what} is not among ${allowed.join(", ") || "none"}` };
}

function among<T>(field: string, value: T, allowed: readonly T[] | undefined): Omit<Objection, "rule"> | undefined {
  return allowed === undefined || allowed.includes(value) ? undefined : not(field, String(value), allowed);
}

function interfaceCheck(request: PuntRequest, { interfaces }: Rule, { interfaces: used, newNames }: Resources) {
  if (interfaces === undefined) return undefined;
  // An exception or a port of VPP's own stack comes from any interface.
  if (request.type === "PUNT_TO_SOCKET" || request.type === "DHCP_PROXY") return undefined;
  const foreign = [...used, ...newNames].find((name) => !matchesAny(interfaces, name));
  return foreign === undefined ? undefined : not("interfaces", `VPP interface ${foreign}`, interfaces);
}

/** A request that names no VRF, or VRF 0, gets the packets of the VRF that its interface is in. */
function vrfCheck(request: PuntRequest, { vrfs }: Rule, resources: Resources) {
  if (vrfs === undefined || request.type === "PUNT_TO_SOCKET") return undefined;
  const named = "vrf" in request ? [request.vrf] : "hairpinInterface" in request ? [request.hairpinInterface.vrf] : [];
  // VRF 0 of a request with an interface stands for whichever VRF that is in.
  const explicit = request.type === "ABX" || request.type === "ISISX" ? named.filter((vrf) => vrf !== 0) : named;
  const foreign = [...explicit, ...resources.vrfs].find((vrf) => !vrfs.includes(vrf));
  return foreign === undefined ? undefined : not("vrfs", `VRF ${foreign}`, vrfs);
}

type PortRange = { readonly first: number; readonly last: number };

function portCheck(request: PuntRequest, { ports }: Rule) {
  if (ports === undefined) return undefined;
  const allowed = ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const refuse = (what: string) => not("ports", what, allowed);
  if (request.type === "PUNT_TO_SOCKET") {
    if (request.toHost?.protocol !== "UDP") return refuse("what comes to every port");
    const { port } = request.toHost;
    return isWithin({ first: port, last: port }, ports) ? undefined : refuse(`port ${port}`);
  }
  if (request.type !== "ABX") return undefined;
  for (const [index, rule] of request.ingressAclRules.entries()) {
    const { protocol, destinationPort } = rule;
    const hasPorts = [TCP, UDP, SCTP].includes(protocol) && destinationPort !== undefined;
    if (!hasPorts) return refuse(`every port, which ingressAclRules[${index}] asks for,`);
    if (!isWithin(destinationPort, ports)) return refuse(`destinationPort of ingressAclRules[${index}]`);
  }
  return undefined;
}

function isWithin(wanted: PortRange, allowed: readonly PortRange[]): boolean {
  return allowed.some(({ first, last }) => first <= wanted.first && wanted.last <= last);
}

function namespaceCheck({ netns }: PuntRequest, rule: Rule, { ownNamespace }: Resources) {
  if (netns === undefined || ownNamespace) return undefined;
  const name = "name" in netns ? netns.name : "path" in netns ? netns.path : `pid ${netns.pid}`;
  return matchesAny(rule.netns ?? [], name)
    ? undefined
    : not("netns", `namespace ${name}`, ["its own", ...(rule.netns ?? [])]);
}

function socketCheck(request: PuntRequest, { socketPaths = [] }: Rule, { ownSocket }: Resources) {
  if (request.type !== "PUNT_TO_SOCKET" || ownSocket) return undefined;
  const { socketPath } = request;
  // "/run/cnf/*" must not be passed by "/run/cnf/../other".
  const isPlain = !socketPath.split("/").includes("..");
  return isPlain && matchesAny(socketPaths, socketPath)
    ? undefined
    : not("socketPaths", `socket ${socketPath}`, ["sockets that the daemon makes", ...socketPaths]);
}
