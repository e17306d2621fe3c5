// Another manager of the owner in VPP, whose punts are not in the store that a command reads.
import { readFileSync, realpathSync } from "node:fs";
import { messageOf, PuntError } from "../../errors.js";
import { DEFAULT_OWNER, otherManager } from "../../punt/index.js";

/** The connection to VPP. */
type Connection = Parameters<typeof otherManager>[0];

/** A manager whose punts a command does not see. */
export interface Unseen {
  /** Number of its process, in that process's own PID namespace. */
  readonly pid: number;
  /** Says what the command does not show, and what to do. */
  readonly text: string;
  /** The same as the advice of an error. */
  readonly remedy: string;
}

interface Place {
  readonly owner?: string;
  readonly store: string;
}

/** Returns whether another process, such as `vpp-punt watch`, keeps VPP as the store wants it. */
export async function isKept(vpp: Connection, place: Place): Promise<boolean> {
  const pid = await managerIn(vpp, place);
  return pid !== undefined && pid === holderOf(place.store);
}

/** Returns the manager whose punts are elsewhere than in the store; undefined if there is none. */
export async function unseenManager(vpp: Connection, place: Place): Promise<Unseen | undefined> {
  const pid = await managerIn(vpp, place);
  if (pid === undefined || pid === holderOf(place.store)) return undefined;
  const text =
    `process ${pid} manages the punts of the owner ${place.owner ?? DEFAULT_OWNER} in this VPP, and they are not shown here: ` +
    "stop it, start the daemon (`vpp-punt daemon`) and then the process again, and both ask the daemon; if the process is a daemon itself, name its socket with --socket";
  return { pid, text, remedy: text.replace(/^p/, "P") };
}

/** Returns the process of the manager that VPP lists for the owner, besides this command's own; undefined also where VPP does not answer. */
async function managerIn(vpp: Connection, { owner = DEFAULT_OWNER }: Place): Promise<number | undefined> {
  return otherManager(vpp, owner).catch(() => undefined);
}

/** Returns the process that has, or had, the store: its manager wrote it into the lock file. */
function holderOf(store: string): number | undefined {
  try {
    return Number(readFileSync(`${targetOf(store)}.lock`, "utf8"));
  } catch {
    return undefined;
  }
}

function targetOf(store: string): string {
  try {
    return realpathSync(store);
  } catch {
    return store;
  }
}

/** Returns the error, whose remedy names the other manager where a punt that is not there may be one of its punts. */
export async function hinted(error: unknown, unseen: () => Promise<Unseen | undefined>): Promise<unknown> {
  if (!(error instanceof PuntError) || error.code !== "ERR_NO_SUCH_PUNT") return error;
  const found = await unseen();
  if (found === undefined) return error;
  const { op, code, details, cause } = error;
  return new PuntError(op, code, messageOf(error), { ...details, remedy: found.remedy }, cause);
}
