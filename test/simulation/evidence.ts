// The lines of VPP's configuration that a punt which is CREATED must have.
import type { PuntRequest } from "../../lib/punt/index.js";

/** Returns whether a snapshot of VPP has what makes the punt work. */
export function hasTrace(request: PuntRequest, snapshot: readonly string[]): boolean {
  return patternsOf(request).every((pattern) => snapshot.some((line) => pattern.test(line)));
}

/** Returns what the lines of a snapshot look like. */
export function patternsOf(request: PuntRequest): RegExp[] {
  switch (request.type) {
    case "HAIRPIN_XCONNECT":
      return [request.vppInterface1, request.vppInterface2].map((name) => new RegExp(`^xconnect ${name} (tap|memif)-`));
    case "HAIRPIN":
      return [new RegExp(`^xconnect ${request.vppInterface} (tap|memif)-`)];
    case "SPAN":
      return [new RegExp(`^span ${request.vppInterface} (tap|memif)-`)];
    case "ABX":
      return [new RegExp(`^abx-attach .* ${request.vppInterface} `)];
    case "ISISX":
      return [new RegExp(`^isisx ${request.vppInterface} (tap|memif)-`)];
    case "PUNT_TO_SOCKET":
      return [new RegExp(`^punt-socket .* ${request.socketPath}$`)];
    case "DHCP_PROXY":
      return [new RegExp(`^dhcp-proxy ${request.vrf} `)];
    default:
      return [];
  }
}
