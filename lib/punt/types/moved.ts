// Punts whose name of an interface has become another interface's. An interconnect has its interface by the name that its first punt used.
import type { Interconnect } from "../interconnect/index.js";
import { type Facts, interfaceKey, Problem } from "../items/index.js";
import type { PuntRequest } from "../request/index.js";
import { interfaceIn } from "./selectors.js";
import { handlerOf } from "./types.js";

/** Returns the problem of a punt that has the interconnect of another interface than it names by now. All that it names are there. */
export function movedProblem(
  request: PuntRequest,
  interconnects: readonly Interconnect[],
  facts: Facts,
): Problem | undefined {
  const { interfaces } = handlerOf(request).reach(request);
  for (const { vppSelector, name } of interconnects) {
    const before = interfaceIn(vppSelector);
    if (before === undefined || interfaces.includes(before)) continue;
    const found = facts.interface(before);
    const named = interfaces.map((each) => facts.interface(each));
    if (!found || named.includes(found) || named.includes(undefined)) continue;
    const names = interfaces.join(" or ");
    const text = `${names} is another interface now than ${before}, whose interconnect ${name} the punt has: delete the punt and add it again`;
    return new Problem(interfaceKey(name), "ERR_CONFLICT", text);
  }
  return undefined;
}
