// Users and groups by name, as the machine's databases have them (getent: files, LDAP and others).
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PuntError } from "../../errors.js";

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
  try {
    const { stdout } = await promisify(execFile)("getent", ["--", database, value]);
    return Number(stdout.split(":")[2]);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const fact = isMissing ? "names need the program getent: give the number" : "this machine has no such name";
    const message = `${option}: the ${kind} ${JSON.stringify(value)}: ${fact}`;
    throw new PuntError("daemon.start", "ERR_OPTION", message, { option, value });
  }
}
