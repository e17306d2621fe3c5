// One VPP interface has two names, its tag and VPP's own: punts that use different ones have equal selectors all the same.
import { PuntError } from "../../errors.js";
import type { Interconnect } from "../interconnect/index.js";
import type { Facts } from "../items/index.js";
import { idOf, type PuntRequest } from "../request/index.js";
import { handlerOf } from "../types/index.js";

/** Returns the other names of the VPP interface that has the name now. */
export type OtherNames = (name: string) => readonly string[];

/** Returns the other names by the last look at VPP. */
export function otherNames(name: string, facts: Facts | undefined): readonly string[] {
  const found = facts?.interface(name);
  if (!found) return [];
  return [found.vppName, found.tag].filter((other) => other !== name && facts!.interface(other) === found);
}

const FIELDS = ["vppInterface", "vppInterface1", "vppInterface2"] as const;

export function selectorsOf(request: PuntRequest): string[] {
  return handlerOf(request)
    .needs(request)
    .map(({ vppSelector }) => vppSelector);
}

/** Returns the request with the names by which punts use its interfaces already. */
export function inUsedNames(
  request: PuntRequest,
  others: OtherNames,
  isUsed: (selector: string) => boolean,
): PuntRequest {
  let renamed = request;
  for (const field of FIELDS) {
    const name = (renamed as Partial<Record<string, unknown>>)[field];
    if (typeof name !== "string") continue;
    const choices = [name, ...others(name)].map((other) => ({ ...renamed, [field]: other }) as PuntRequest);
    const ofOthers = new Set(choices.length > 1 ? selectorsOf(choices[1]!) : []);
    const own = selectorsOf(choices[0]!).findIndex((selector) => !ofOthers.has(selector));
    renamed = choices.find((choice) => own !== -1 && isUsed(selectorsOf(choice)[own]!)) ?? renamed;
  }
  return renamed;
}

/** Returns the request with the names by which its stored interconnects have their interfaces. */
export function inStoredNames(request: PuntRequest, interconnects: readonly Interconnect[]): PuntRequest {
  const stored = new Set(interconnects.map(({ vppSelector }) => vppSelector));
  const own = new Set(selectorsOf(request));
  const spare = [...stored].filter((selector) => !own.has(selector));
  let renamed = request;
  for (const field of FIELDS) {
    const name = (renamed as Partial<Record<string, unknown>>)[field];
    if (typeof name !== "string") continue;
    const selector = selectorsOf(renamed).find((each) => each.endsWith(`/${name}`) && !stored.has(each));
    const prefix = selector?.slice(0, -name.length);
    const at = prefix === undefined ? -1 : spare.findIndex((each) => each.startsWith(prefix));
    if (at < 0) continue;
    const [other] = spare.splice(at, 1);
    renamed = { ...renamed, [field]: other!.slice(prefix!.length) } as PuntRequest;
  }
  return renamed;
}

/** @throws PuntError `ERR_INVALID_REQUEST`: both ends of a bump in the wire are one interface */
export function refuseOneInterfaceTwice(request: PuntRequest, others: OtherNames): void {
  if (!("vppInterface1" in request) || !others(request.vppInterface1).includes(request.vppInterface2)) return;
  const field = "vppInterface2";
  const problem = `is another name of vppInterface1: ${request.vppInterface1}`;
  const issues = [{ field, message: problem }];
  const details = { where: "request", issues, id: idOf(request) };
  throw new PuntError("punt.add", "ERR_INVALID_REQUEST", `request: ${field}: ${problem}`, details);
}
