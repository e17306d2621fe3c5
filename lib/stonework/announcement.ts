// The file by which a CNF announces itself to StoneWork.
import { networkInterfaces } from "node:os";
import { basename, dirname, join } from "node:path";
import { PuntError } from "../errors.js";
import { ensureFolder, readRegularFile, unreadable, writeDurably } from "../files/index.js";
import { lazily, zod } from "../lazily.js";
import { contains, familyOf, parseNetwork } from "../net/index.js";
import type { OptionCheck } from "../options.js";
import { checkShape, issueText } from "../shapes.js";

/** The contents of the file, by our names. */
export interface Announcement {
  /** Process id, in the CNF's own numbering. */
  readonly pid: number;
  /** The CNF's microservice label. */
  readonly label: string;
  /** IPv4 address of its services. */
  readonly address: string;
  readonly grpcPort: number;
  readonly httpPort: number;
}

const port = lazily(() => zod().int().min(0).max(0xffff));
const schema = lazily(() =>
  zod().object({
    pid: zod().int(),
    "ms-label": zod().string().min(1).max(255),
    // The orchestrator makes a URL of it.
    "ip-address": zod()
      .string()
      .refine((text) => familyOf(text) !== undefined, { message: "must be an IP address" }),
    "grpc-port": port().min(1),
    "http-port": port(),
  }),
);

const ENDING = ".pid";
/** Bytes of an announcement. */
const LONGEST_FILE = 64 << 10;

/** Whether a file in the directory of discovery announces a CNF. */
export function isAnnouncement(name: string): boolean {
  return name.endsWith(ENDING) && !name.startsWith(".");
}

/**
 * Writes the file and moves it into the directory, so that StoneWork sees one event and the whole content.
 *
 * @throws PuntError an errno name: the file cannot be written
 */
export async function announce(discovery: string, announcement: Announcement): Promise<void> {
  const { pid, label, address, grpcPort, httpPort } = announcement;
  const content = { pid, "ms-label": label, "ip-address": address, "grpc-port": grpcPort, "http-port": httpPort };
  const file = join(discovery, `${label}${ENDING}`);
  try {
    await ensureFolder(discovery);
    await replaceFrom(dirname(discovery), file, JSON.stringify(content));
  } catch (cause) {
    const { code = "EIO" } = cause as NodeJS.ErrnoException;
    throw new PuntError("stonework.announce", code, `cannot write ${file}`, { path: file }, cause);
  }
}

/** Codes of a folder that this user may not write to, or of another volume than the file's. */
const UNSUITABLE = ["EACCES", "EPERM", "EROFS", "EXDEV"];

/**
 * Writes a draft in the folder and renames it. StoneWork watches the file's own folder and logs an error for a name without the ending, so
 * that folder comes second.
 */
async function replaceFrom(folder: string, file: string, text: string): Promise<void> {
  const draft = join(folder, `.${basename(file, ENDING)}.new`);
  try {
    await writeDurably(file, text, { mode: 0o644, draft });
  } catch (error) {
    if (folder === dirname(file) || !UNSUITABLE.includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    await replaceFrom(dirname(file), file, text);
  }
}

/**
 * Reads a file by which a CNF announces itself.
 *
 * @throws PuntError ERR_FORMAT: the file is not an announcement; an errno name
 */
export async function readAnnouncement(file: string): Promise<Announcement> {
  const bytes = await readRegularFile(file, LONGEST_FILE).catch((cause) => {
    throw unreadable("stonework.discovery", file, cause);
  });
  return announcementIn(bytes.toString("utf8"), file);
}

/** Reads the text of such a file. @throws PuntError ERR_FORMAT */
export function announcementIn(text: string, file: string): Announcement {
  const parsed = checkShape(schema(), parseJson(text));
  if (!parsed.success) {
    const what = parsed.error.issues.map(issueText).join("; ");
    throw new PuntError("stonework.discovery", "ERR_FORMAT", `${file}: ${what}`, { path: file });
  }
  const { pid, "ms-label": label, "ip-address": address, "grpc-port": grpcPort, "http-port": httpPort } = parsed.data;
  return { pid, label, address, grpcPort, httpPort };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Returns the address that a CNF announces: that of `CNF_MGMT_INTERFACE` or in `CNF_MGMT_SUBNET` (CIDR), else the first IPv4
 * address that is not on the loopback, docker0 or a bridge of Docker's, and not of one link only.
 */
export function ownAddress(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const addresses = Object.entries(networkInterfaces()).flatMap(([device, list = []]) =>
    list.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => ({ device, address })),
  );
  const wanted = env.CNF_MGMT_INTERFACE;
  const subnet = env.CNF_MGMT_SUBNET;
  const chosen = addresses.find(({ device, address }) => {
    if (wanted) return device === wanted;
    if (subnet) return isIn(subnet, address);
    return device !== "docker0" && !device.startsWith("br-") && !isIn("169.254.0.0/16", address);
  });
  return chosen?.address;
}

function isIn(subnet: string, address: string): boolean {
  const prefix = parseNetwork(subnet);
  return prefix !== undefined && contains(prefix, address);
}

/** Returns an address that others can be told. @throws PuntError ERR_OPTION */
export function checkedAddress(check: OptionCheck, address: string | undefined): string {
  if (address === undefined)
    check.refuse(
      "address",
      "must be given: no interface but the loopback has an IPv4 address, or none that the environment names",
    );
  check.text("address", address);
  if (familyOf(address) !== 4) check.refuse("address", `must be an IPv4 address; got ${JSON.stringify(address)}`);
  return address;
}
