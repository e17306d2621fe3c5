// Which punts a command line means.
import { noSuchPunt, type PuntId, type PuntStatus } from "../../punt/index.js";

/** Which punt: cnf, key and label, or `cnf/key/label` as the first. */
export type PuntName = readonly [cnf: string, key: string | undefined, label: string | undefined];

/** Returns the identity that was written as `cnf key label`, or as `cnf/key/label`, which is how `list` prints it. */
export function identityOf(cnf: string, key = "", label = ""): PuntId {
  if (key !== "" || !cnf.includes("/")) return { cnf, key, label };
  const [name = "", ...rest] = cnf.split("/");
  // A key may have slashes of its own; a label is rare, and is written as an argument of its own then.
  return { cnf: name, key: rest.join("/"), label };
}

/** Finds a punt by what the command line says; of `cnf/a/b` both readings are tried: key `a/b`, and key `a` with label `b`. */
export function find(punts: readonly PuntStatus[], cnf: string, key?: string, label?: string): PuntStatus | undefined {
  const exact = identityOf(cnf, key, label);
  const cut = exact.key.lastIndexOf("/");
  const split = { cnf: exact.cnf, key: exact.key.slice(0, cut), label: exact.key.slice(cut + 1) };
  const matches = (id: PuntId) => (status: PuntStatus) =>
    status.id.cnf === id.cnf && status.id.key === id.key && status.id.label === id.label;
  return punts.find(matches(exact)) ?? (cut > 0 && !label ? punts.find(matches(split)) : undefined);
}

/** As `find`. @throws PuntError ERR_NO_SUCH_PUNT */
export function required(op: string, punts: readonly PuntStatus[], name: PuntName): PuntStatus {
  const punt = find(punts, ...name);
  if (punt === undefined) throw noSuchPunt(op, identityOf(...name));
  return punt;
}
