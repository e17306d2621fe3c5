// Judges whether one rule of the policy allows a request, and if not, why.
import { type PuntRequest, reachOf } from "../../punt/index.js";
import type { Rule } from "./schema.js";

/** A reason why a rule does not allow a request. */
export interface Objection {
  readonly rule: string;
  /** The field of the rule. */
  readonly field: string;
  readonly message: string;
}

/** An interface that a request names. */
export interface NamedInterface {
  readonly written: string;
  /** VPP's own name; undefined where VPP has no such interface. */
  readonly name: string | undefined;
  /** Whether the punt only waits for it. */
  readonly isDependency: boolean;
}

/** The subject of a request in VPP's terms: names are resolved, so that an alias cannot pass a rule. */
export interface Resources {
  readonly interfaces: readonly NamedInterface[];
  /** VRFs that those interfaces are in. */
  readonly vrfs: readonly number[];
  /** Whether VPP could say which interfaces it has. */
  readonly isVppThere: boolean;
  /** Whether the namespace is the caller's own. */
  readonly ownNamespace: boolean;
  /** Whether the daemon chose the path of the socket. */
  readonly ownSocket: boolean;
  /** Punts that the CNFs of a rule have already, without this one. */
  count(rule: Rule): number;
}

/**
 * Whether a name matches a pattern: `*` stands for any characters, `?` for one. Case counts. Callers choose names of 4,095 characters, so the
 * cost is at most the product of the lengths: a star that has found its place keeps it once a later star is reached.
 */
export function matches(pattern: string, name: string): boolean {
  const [parts, letters] = [[...pattern], [...name]];
  let [part, letter] = [0, 0];
  let last: { readonly part: number; readonly letter: number } | undefined;
  while (letter < letters.length) {
    if (parts[part] === "*") last = { part: ++part, letter };
    else if (parts[part] === "?" || parts[part] === letters[letter]) [part, letter] = [part + 1, letter + 1];
    else if (last === undefined) return false;
    else {
      last = { ...last, letter: last.letter + 1 };
      ({ part, letter } = last);
    }
  }
  return parts.slice(part).every((each) => each === "*");
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

/**
 * A request that names no interface gets packets of VPP's own stack, which come from any interface. An interface that VPP lacks is judged by
 * its name as written, and refused in the same words as an existing interface. A refusal therefore does not tell which names VPP has.
 */
function interfaceCheck(
  request: PuntRequest,
  { interfaces: allowed }: Rule,
  { interfaces: used, isVppThere }: Resources,
) {
  if (allowed === undefined) return undefined;
  const { newInterfaces = [] } = reachOf(request);
  const foreign = newInterfaces.find((name) => !matchesAny(allowed, name));
  if (foreign !== undefined) return not("interfaces", `VPP interface ${foreign}`, allowed);
  const refused = used.find(
    ({ name, written, isDependency }) => (isVppThere || isDependency) && !matchesAny(allowed, name ?? written),
  );
  if (!refused) return undefined;
  const { written } = refused;
  const what = matchesAny(allowed, written)
    ? `the interface that VPP calls by the tag ${written}`
    : `VPP interface ${written}`;
  return not("interfaces", what, allowed);
}

/** Whether the rule is about interfaces, and one of them is not known yet. */
export function isUndecided({ interfaces, vrfs, operator }: Rule, { interfaces: used }: Resources): boolean {
  const isAboutThem = interfaces !== undefined || vrfs !== undefined;
  return isAboutThem && !operator && used.some(({ name, isDependency }) => name === undefined && !isDependency);
}

/** A request that names no VRF gets the packets of the VRFs that its interfaces are in. */
function vrfCheck(request: PuntRequest, { vrfs }: Rule, resources: Resources) {
  if (vrfs === undefined) return undefined;
  const { vrfs: named = [] } = reachOf(request);
  const awaited = (request.dependsOn ?? []).flatMap((each) => ("vrf" in each ? [each.vrf] : []));
  const foreign = [...named, ...awaited, ...resources.vrfs].find((vrf) => !vrfs.includes(vrf));
  return foreign === undefined ? undefined : not("vrfs", `VRF ${foreign}`, vrfs);
}

type PortRange = { readonly first: number; readonly last: number };

function portCheck(request: PuntRequest, { ports }: Rule) {
  if (ports === undefined) return undefined;
  const allowed = ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const foreign = reachOf(request).ports?.find(({ range }) => range === undefined || !isWithin(range, ports));
  return foreign && not("ports", foreign.text, allowed);
}

function isWithin(wanted: PortRange, allowed: readonly PortRange[]): boolean {
  return allowed.some(({ first, last }) => first <= wanted.first && wanted.last <= last);
}

function namespaceCheck({ netns, dependsOn = [] }: PuntRequest, rule: Rule, { ownNamespace }: Resources) {
  const { netns: allowed = [] } = rule;
  const awaited = dependsOn.flatMap((each) => (each.kind === "container" ? each.name : []));
  const foreign = awaited.find((name) => !matchesAny(allowed, name));
  if (foreign !== undefined) return not("netns", foreign, allowed);
  if (netns === undefined || ownNamespace) return undefined;
  const name = namespaceText(netns);
  return isPlain(name) && matchesAny(allowed, name)
    ? undefined
    : not("netns", `namespace ${name}`, ["its own", ...allowed]);
}

/** A container, pod or label is named with its kind: `container:web`. */
function namespaceText(netns: NonNullable<PuntRequest["netns"]>): string {
  const [[kind, value]] = Object.entries(netns) as [[string, string | number]];
  if (kind === "name" || kind === "path") return `${value}`;
  return kind === "pid" ? `pid ${value}` : `${kind}:${value}`;
}

function socketCheck(request: PuntRequest, { socketPaths = [] }: Rule, { ownSocket }: Resources) {
  const { socketPath } = reachOf(request);
  if (socketPath === undefined || ownSocket) return undefined;
  return isPlain(socketPath) && matchesAny(socketPaths, socketPath)
    ? undefined
    : not("socketPaths", `socket ${socketPath}`, ["sockets that the daemon makes", ...socketPaths]);
}

/** The pattern "/run/cnf/*" must not allow "/run/cnf/../other". */
function isPlain(path: string): boolean {
  return !path.split("/").includes("..");
}
