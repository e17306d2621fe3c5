// Users and groups by name, as the machine's databases have them (getent: files, LDAP and others).
import { PuntError } from "../../errors.js";
import { runProgram } from "../../run-program.js";

/** A directory service may never answer. */
const LIMITS = { bytes: 1 << 20, ms: 10_000 };

/** The name of `getent`'s database. */
type Database = "passwd" | "group";

/**
 * Returns the number of a user or group that is given by name or number. Another kind of value stays as it is, for the daemon to refuse.
 *
 * @throws PuntError ERR_OPTION: the machine has no such user or group
 */
export async function idOf<T>(option: string, database: Database, value: T): Promise<T | number> {
  if (typeof value !== "string") return value;
  if (/^\d+$/.test(value)) return Number(value);
  const kind = database === "group" ? "group" : "user";
  const { status, stdout, stderr } = await runProgram("getent", ["--", database, value], "", LIMITS);
  if (status === 0) return Number(stdout.split(":")[2]);
  const fact =
    status > 0 ? "this machine has no such name" : `names need the program getent: give the number (${stderr})`;
  const message = `${option}: the ${kind} ${JSON.stringify(value)}: ${fact}`;
  throw new PuntError("daemon.start", "ERR_OPTION", message, { option, value });
}
