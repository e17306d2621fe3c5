// Folders for temporary files that end with their embedded VPP, or else with the thread that made them.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getSystemErrorName } from "node:util";
import { PuntError } from "../errors.js";
import { native } from "../native.js";

/** The folders of this thread. At process.exit() of the main thread its environment is not taken down, but listeners run. */
const folders = new Set<string>();

/**
 * Makes a folder. It is removed at the end of the thread, however it ends, unless `removeFolder` has removed it before.
 *
 * @throws PuntError an errno name: the folder for temporary files cannot be written
 */
export function makeFolder(): string {
  const parent = tmpdir();
  const made = native.makeOwnFolder(join(parent, "vpp-XXXXXX"));
  if (typeof made === "number")
    throw new PuntError("sim.start", getSystemErrorName(made), `cannot make a folder in ${parent}`, { path: parent });
  if (folders.size === 0) process.on("exit", removeAll);
  folders.add(made);
  return made;
}

export function removeFolder(folder: string): void {
  native.removeOwnFolder(folder);
  folders.delete(folder);
  if (folders.size === 0) process.off("exit", removeAll);
}

function removeAll(): void {
  for (const folder of folders) native.removeOwnFolder(folder);
}
