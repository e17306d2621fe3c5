// The identity of a caller: from the kernel for UNIX sockets, from the certificate for TLS.
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { openPeerProcess, processIsAlive } from "../descriptor/index.js";
import { canonicalAddress } from "../net/index.js";

/** A process at the other end of a UNIX socket. */
export interface UnixCaller {
  readonly kind: "unix";
  readonly uid: number;
  readonly gid: number;
  /** 0 where it lives in a pid namespace that the daemon does not see. */
  readonly pid: number;
  /** Supplementary groups, where the kernel tells them. */
  readonly groups: readonly number[];
  /** The daemon's socket that it came by. */
  readonly socket: string;
  /** Label of the CNF whose own socket that is. */
  readonly cnf?: string | undefined;
  /**
   * Tells whether the process of `pid` is still the process that connected. Undefined where the kernel has no SO_PEERPIDFD (before 6.5), or
   * does not show the process.
   */
  readonly isAlive?: (() => boolean) | undefined;
}

/** The kinds of names in a certificate that are an identity. */
export type CertificateNameKind = "DNS" | "URI" | "email" | "IP Address";

/** A subject alternative name, such as `dns.example` or `spiffe://site/dns`. */
export interface CertificateName {
  readonly kind: CertificateNameKind;
  readonly text: string;
}

/** The owner of a certificate that the daemon's CA signed. */
export interface TlsCaller {
  readonly kind: "tls";
  readonly names: readonly CertificateName[];
}

/** A program at StoneWork's ports, or a CNF whose announcement says that it is at an address. */
export interface StoneWorkCaller {
  readonly kind: "stonework";
  /** IP address; "" where it is not known. */
  readonly address: string;
  /** User of the process at the other end, which the kernel tells of a connection within the daemon's own network namespace. */
  readonly uid?: number | undefined;
  /** Label of the CNF whose punts are asked for. */
  readonly cnf?: string | undefined;
}

/** A browser at the page's port of this machine. */
export interface PageCaller {
  readonly kind: "page";
  /** User of the process at the other end, as the kernel tells it; undefined where that is in another network namespace. */
  readonly uid?: number | undefined;
}

export type Caller = UnixCaller | TlsCaller | StoneWorkCaller | PageCaller;

/** The kernel's facts about a connection's peer. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups?: readonly number[] | undefined;
}

/** Reads a peer's credentials (SO_PEERCRED). */
export type CredentialReader = (socket: Socket) => PeerCredentials;

/** A socket of the daemon, and the CNF that it is for. */
export interface Entrance {
  readonly path: string;
  readonly cnf?: string | undefined;
}

/** Returns the caller at the other end of a UNIX socket that came by an entrance. Its process is pinned as long as the socket is open. */
export function unixCaller(socket: Socket, { path, cnf }: Entrance, read: CredentialReader): UnixCaller {
  const { pid, uid, gid, groups = [] } = read(socket);
  return { kind: "unix", uid, gid, pid, groups, socket: path, cnf, isAlive: pid === 0 ? undefined : pinned(socket) };
}

function pinned(socket: Socket): (() => boolean) | undefined {
  const process = openPeerProcess(socket);
  if (process === undefined) return undefined;
  let isOpen = true;
  socket.once("close", () => {
    isOpen = false;
    process.close();
  });
  return () => isOpen && processIsAlive(process);
}

/** Returns the owner of the certificate, which TLS has verified. */
export function tlsCaller(socket: TLSSocket): TlsCaller {
  const { subjectaltname = "" } = socket.getPeerCertificate() ?? {};
  // `DNS:a.example, URI:spiffe://site/a`; a name with a comma or a quote is quoted as JSON, and is of no use here.
  const names = subjectaltname.split(", ").flatMap((entry) => {
    const [, kind, text] = /^(DNS|URI|email|IP Address):([^"]+)$/.exec(entry) ?? [];
    return text === undefined ? [] : [certificateName(kind as CertificateNameKind, text)];
  });
  return { kind: "tls", names };
}

/** Returns the name in its usual form: Node.js writes all digits of an IPv6 address, and the letters of a host's name have no case. */
function certificateName(kind: CertificateNameKind, text: string): CertificateName {
  if (kind === "DNS") return { kind, text: text.toLowerCase() };
  return { kind, text: (kind === "IP Address" && canonicalAddress(text)) || text };
}

/** Returns a text for the program that a caller is, or for its user; undefined where the kernel does not show the program. */
export function partyOf(caller: Caller): string | undefined {
  if (caller.kind !== "unix") return callerText(caller);
  return caller.pid === 0 ? undefined : `pid ${caller.pid}`;
}

/** Returns the caller as the audit log and messages name it. */
export function callerText(caller: Caller): string {
  if (caller.kind === "tls") return `tls ${caller.names.map(({ text }) => text).join(",") || "without a name"}`;
  if (caller.kind === "stonework") return stoneWorkText(caller);
  if (caller.kind === "page") return `page ${caller.uid === undefined ? "of an unknown user" : `uid ${caller.uid}`}`;
  const by = caller.cnf === undefined ? "" : ` by the socket of CNF ${caller.cnf}`;
  return `unix uid ${caller.uid} gid ${caller.gid}${by}`;
}

function stoneWorkText({ address, uid, cnf }: StoneWorkCaller): string {
  const who = cnf === undefined ? (uid === undefined ? "" : ` uid ${uid}`) : ` as CNF ${cnf}`;
  return `stonework ${address || "from an unknown address"}${who}`;
}
