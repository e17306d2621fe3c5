// Advice for each error, by its code.
import type { PuntError } from "../../errors.js";
import { idText, type PuntId } from "../../punt/index.js";

const DOCTOR = "`vpp-punt doctor` looks for the reason";

/** Advice for errors of a connection to VPP's API socket. */
const CONNECTING: Readonly<Record<string, string>> = {
  ENOENT: `Start VPP, or name its API socket with --vpp; ${DOCTOR}`,
  ECONNREFUSED: `The socket file is there, but no VPP listens on it: start VPP; ${DOCTOR}`,
  EACCES: `Run as root or as a member of the socket's group; ${DOCTOR}`,
  EPERM: `Run as root or as a member of the socket's group; ${DOCTOR}`,
  ERR_TIMEOUT: `VPP has the connection but does not answer; ${DOCTOR}`,
};

const DAEMON =
  "Start one with `vpp-punt daemon`, or name its socket with --socket; to use it, run as root or as a member of the socket's group";

const TCP_DOOR =
  "Check the host and the port of --tls: the daemon listens there by the option `tls` of its configuration file";

const STATISTICS =
  "VPP's startup.conf needs a statseg section, and this user access to its socket, which --stats-socket names";

/** The options that name where punts are kept. */
const STORE = "--store (a daemon: --state)";

const ADDRESS_TAKEN = "Remove it there, or name another address in the request";

const VPP_REFUSES = "VPP's log may say why: `vppctl show logging`";

/** Advice for errors of files and folders. Those of VPP's sockets and of the store have their own. */
const FILES: Readonly<Record<string, string>> = {
  ENOENT: "Check the path: the file, or a folder on the way to it, is not there",
  ENOTDIR: "Check the path: a part of it is a file and not a folder",
  EISDIR: "Name a file: this is a folder",
  EACCES: "Name a path that this user may use, or run as a user who may use this one",
};

const REMEDIES: Readonly<Record<string, string>> = {
  ERR_NO_SUCH_PUNT: "`vpp-punt list` shows the punts there are",
  ERR_STORE_BUSY: `Another manager has the store: use it, stop it, or name another store with ${STORE}`,
  ERR_FOREIGN: "Delete it where it was made, or ask for another interface, port or socket",
  ERR_PLUGIN_MISSING: "`vppctl show plugins` lists VPP's plugins: enable this one in startup.conf, or install it",
  ERR_CONFLICT: "Delete what has it, or ask for another interface, port or socket",
  ERR_CERTIFICATE:
    "`openssl x509 -in FILE -noout -subject -issuer -dates -ext subjectAltName` shows what a certificate says",
  ERR_ETCD_AWAY: "Start etcd, or name its servers with --etcd",
  ERR_NOT_LEADER: "`vpp-punt hosts --etcd <urls>` shows which daemons act",
  ERR_STORE_DAMAGED: `Restore it from a copy, or name another store with ${STORE} and apply the file of punts again`,
  ERR_STORE_VERSION: `Use the newer vpp-punt that wrote it, or name another store with ${STORE}`,
  ERR_FILTER: "`man pcap-filter` describes the language",
  ERR_INVALID_REQUEST: "`vpp-punt schema --markdown` prints the fields of each type",
  ENOSPC: "Make room on the disk and try again",
  EROFS: `The file system is read-only: name a store elsewhere with ${STORE}`,
  VPP_ADDRESS_IN_USE: ADDRESS_TAKEN,
  VPP_DUPLICATE_IF_ADDRESS: ADDRESS_TAKEN,
  VPP_UNSPECIFIED: `${VPP_REFUSES}; for punts to a socket, VPP's startup.conf needs a punt { socket ... } section`,
  ERR_ADDON_UNAVAILABLE: "`vpp-punt info` says what is missing; `vpp-punt doctor` says how to mend it",
  ERR_MESSAGE_MISSING: "`vpp-punt generate --out -` lists the messages of a VPP",
  ERR_UNKNOWN_MESSAGE: "`vpp-punt generate --out -` lists the messages of a VPP",
  ERR_DISCONNECTED: `VPP went away; ${DOCTOR}`,
  ERR_INTERNAL: "Please report it; VPP_PUNT_DEBUG=1 prints where it happened",
};

/** Returns advice for the error, or undefined where the message itself gives it. */
export function remedyFor({ op, code, details }: Pick<PuntError, "op" | "code" | "details">): string | undefined {
  if (typeof details.remedy === "string") return details.remedy;
  if (code === "ERR_PUNT_EXISTS" && details.id)
    return `\`vpp-punt apply <file>\` changes it, \`vpp-punt delete ${idText(details.id as PuntId)}\` removes it`;
  // Only a connection to a daemon has an address.
  if (code === "ERR_DISCONNECTED" && typeof details.address === "string")
    return details.address.startsWith("/") ? DAEMON : TCP_DOOR;
  if (op.startsWith("stats.") && code === "ERR_DISCONNECTED") return STATISTICS;
  if (op.endsWith(".connect") && CONNECTING[code]) return CONNECTING[code];
  if (op === "vpp-punt" && code === "ETIMEDOUT") return DOCTOR;
  if ((code === "EACCES" || code === "EPERM") && op.startsWith("punt.store"))
    return `Run as root, or name a store that you may write with ${STORE}`;
  return REMEDIES[code] ?? FILES[code] ?? (code.startsWith("VPP_") ? VPP_REFUSES : undefined);
}
