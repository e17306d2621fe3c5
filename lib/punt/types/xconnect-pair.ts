// Both directions of an L2 cross-connect, as items.
import { type Facts, type Part, Problem, xconnectKey, xconnectPart } from "../items/index.js";

/**
 * Returns both directions of an L2 cross-connect between an interface and an interconnect.
 *
 * @throws Problem `ERR_FOREIGN`: the interface is in a bridge domain, and VPP would take it out silently, for good
 */
export function xconnectPair(name: string, interconnect: string, facts: Facts): Part[] {
  const { id, vppName } = facts.interface(name)!;
  const domain = facts.bridged?.get(vppName);
  if (domain === undefined) return [xconnectPart(id, interconnect), xconnectPart(interconnect, id)];
  const advice = `take it out first (vppctl set interface l3 ${vppName})`;
  const text = `VPP interface ${name} is in bridge domain ${domain}, and would leave it: ${advice}`;
  throw new Problem(xconnectKey(id), "ERR_FOREIGN", text);
}
