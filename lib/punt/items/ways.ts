// The ways of a device of VPP into the network namespace of a CNF: VPP opens the namespace, or the manager moves the device there.
import { PuntError } from "../../errors.js";
import { satisfies } from "./item.js";
import type { ActContext, ReadContext, Surroundings } from "./kind.js";

/** Where a device is that waits in VPP's namespace to be moved. */
const AT_VPP = "VPP's own namespace";
/** Where a device is that went away with its namespace. */
const NOWHERE = "nowhere";

/**
 * Makes a device of VPP in a namespace. `make` gets the namespace for the request; "" for VPP's own. `longest` is the number of bytes that
 * the request's field takes: with a longer path, the manager moves the device.
 *
 * @throws PuntError of VPP; of `moveFromVpp`: the device stays in VPP's namespace, and is moved at the next look
 */
export async function makeIn(
  context: ActContext,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  longest: number,
  make: (namespace: string) => Promise<number>,
): Promise<number> {
  const { ways } = context;
  if (namespace === ways.vppNamespace) return make("");
  const isSayable = namespace !== "" && Buffer.byteLength(namespace) <= longest;
  if (isSayable && (await ways.opens(namespace))) return make(namespace);
  const index = await make("");
  await moveFromVpp(context, name, namespace);
  return index;
}

/** @throws PuntError `ERR_VPP_NAMESPACE`: there is no way into VPP's namespace; an errno name */
export async function moveFromVpp({ host, ways }: Surroundings, name: string, namespace: string): Promise<void> {
  const from = ways.vppNamespace;
  if (from === undefined) {
    const where = namespace === "" ? "the manager's namespace" : namespace;
    const message = `VPP cannot open ${where}, and the manager has no way into VPP's network namespace to move ${name} from there: name it by the option vppNamespace`;
    throw new PuntError("punt.reconcile", "ERR_VPP_NAMESPACE", message, { name });
  }
  await host.change(from, { change: "move-link", name, to: namespace });
}

/** Returns whether a device only has to be moved from VPP's namespace. */
export function satisfiesMoved(seen: { readonly namespace: string }, value: { readonly namespace: string }): boolean {
  return seen.namespace === AT_VPP && satisfies({ ...seen, namespace: value.namespace }, value);
}

/** Returns a function that tells where a device is. `reported` is the namespace that VPP reports for it. */
export async function whereabouts(
  { host, namespaces, linksOf, expectedIn, ways }: ReadContext,
  names: ReadonlySet<string>,
): Promise<(name: string, reported: string) => string> {
  if (names.size === 0 || host.hasDevices === false) return (_name, reported) => reported;
  const found = new Map<string, ReadonlySet<string> | undefined>();
  const look = async (path: string) => {
    // A namespace that cannot be read now says nothing of its devices.
    const links = await linksOf(path, (name) => names.has(name)).catch(() => undefined);
    found.set(path, links && new Set(links.map((link) => link.name)));
  };
  await Promise.all([...new Set([...namespaces.values(), ways.vppNamespace ?? ""])].map(look));
  const has = (path: string, name: string) => found.get(path)?.has(name) ?? false;
  return (name, reported) => {
    const expected = expectedIn.get(name);
    // A device that no punt wants is deleted wherever it is.
    if (expected === undefined) return reported;
    const isUnreadable = found.has(expected) && found.get(expected) === undefined;
    if (has(expected, name) || isUnreadable) return expected;
    if (ways.vppNamespace !== undefined && has(ways.vppNamespace, name)) return AT_VPP;
    return [...found.keys()].find((path) => has(path, name)) ?? NOWHERE;
  };
}
