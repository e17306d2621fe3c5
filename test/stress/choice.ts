// The punts of random histories, and comparisons of their results.
import fc from "fast-check";
import type { PuntRequestInput, PuntStatus } from "../../lib/punt/index.js";
import { type Place, puntOf, puntTypes } from "../support/punt/punts.js";

export interface PuntChoice {
  readonly type: number;
  readonly cnf: number;
  readonly interconnect: "TAP" | "MEMIF";
  readonly subject: number;
  readonly netns: boolean;
  readonly family: Family;
}

/** Address families that a punt is for, where its type has any. */
type Family = "IPV4" | "IPV6" | "BOTH";

export const puntChoice = fc.record({
  type: fc.nat({ max: puntTypes.length - 1 }),
  cnf: fc.nat({ max: 2 }),
  interconnect: fc.constantFrom("TAP" as const, "MEMIF" as const),
  subject: fc.nat({ max: 3 }),
  netns: fc.boolean(),
  family: fc.constantFrom<Family>("IPV4", "IPV4", "IPV6", "BOTH"),
});

export function requestOf(choice: PuntChoice, folder: string): PuntRequestInput {
  const { type, cnf, interconnect, subject, netns, family } = choice;
  const place: Place = { cnf: `cnf${cnf}`, interconnect, subject, unique: 10 * cnf + subject, folder };
  return inFamily(family, withLoopbacks(puntOf(puntTypes[type], netns ? { ...place, netns: "other" } : place)));
}

/** Rules of ABX follow the addresses of the interface: one for a family that it has no address of is refused. */
function inFamily(family: Family, request: PuntRequestInput): PuntRequestInput {
  const each = <T>(ipv4: readonly T[], ipv6: readonly T[]) =>
    family === "IPV4" ? ipv4 : family === "IPV6" ? ipv6 : [...ipv4, ...ipv6];
  switch (request.type) {
    case "HAIRPIN": {
      const { ipAddresses = [], ...device } = request.hairpinInterface;
      const ipv6 = ipAddresses.map((address) => address.replace(/^10\.(\d+)\.(\d+)\.1\/24$/, "fd00:$1:$2::1/64"));
      return { ...request, hairpinInterface: { ...device, ipAddresses: [...each(ipAddresses, ipv6)] } };
    }
    case "PUNT_TO_SOCKET":
      return request.toHost ? { ...request, toHost: { ...request.toHost, af: family } } : request;
    case "DHCP_PROXY":
      return { ...request, families: [...each(["IPV4"] as const, ["IPV6"] as const)] };
    default:
      return request;
  }
}

/** Subject 3 uses interfaces that come and go. They receive nothing from a device that VPP could mirror. */
function withLoopbacks(request: PuntRequestInput): PuntRequestInput {
  const text = JSON.stringify(request)
    .replaceAll('"if6"', '"loop0"')
    .replaceAll('"if7"', '"loop1"')
    .replaceAll('"vrf":3', '"vrf":0');
  const found: PuntRequestInput = JSON.parse(text);
  return found.type === "SPAN" && found.vppInterface.startsWith("loop") ? { ...found, direction: "tx" } : found;
}

export function interfacesOf(request: PuntStatus["request"]): string[] {
  if (request.type === "HAIRPIN_XCONNECT") return [request.vppInterface1, request.vppInterface2];
  return "vppInterface" in request ? [request.vppInterface] : [];
}

export function idOf({ cnf, key, label }: PuntRequestInput) {
  return { cnf, key, label };
}

/** VPP's dump has the namespace in which a TAP was made, also after the manager has moved the TAP to another one. */
const withoutOrigin = (line: string) => line.replace(/^(tap \S+ \S+ \S+) \S*$/, "$1");

export function expectSame(one: string, first: readonly string[], other: string, second: readonly string[]): void {
  const [expected, found] = [first.map(withoutOrigin), second.map(withoutOrigin)];
  const missing = expected.filter((line) => !found.includes(line));
  const extra = found.filter((line) => !expected.includes(line));
  if (missing.length + extra.length === 0 && expected.length === found.length) return;
  throw new Error(
    `${other} VPP is not as ${one}:\n${[...missing.map((lack) => `- ${lack}`), ...extra.map((each) => `+ ${each}`)].join("\n")}`,
  );
}
