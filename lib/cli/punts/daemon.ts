// The daemon that a command asks: at its UNIX socket, or over TCP with certificates on both sides.
import { existsSync } from "node:fs";
import { DEFAULT_DAEMON_SOCKET, DEFAULT_VPP_SOCKET } from "../../default-sockets.js";
import { PuntError } from "../../errors.js";
import { readBytes, unreadable } from "../../files/index.js";
import type { ConnectOptions, TlsAddress } from "../../module/index.js";
import { hostPort } from "../../net/index.js";
import { DEFAULT_STORE } from "../about/index.js";

export type RemotePunts = Awaited<ReturnType<typeof import("../../module/index.js").remotePunts>>;

/** The options of `ofDaemon` in grammar/daemon.ts. With `vpp` or `store`, a command may start a manager of its own. */
export interface DaemonFlags {
  /** VPP's API socket. Absent in the first release's form, whose `socket` is VPP's. */
  readonly vpp?: string;
  readonly store?: string;
  readonly socket?: string;
  readonly tls?: Pick<TlsAddress, "host" | "port">;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Where the daemon is. */
export type DaemonAddress = Required<Pick<ConnectOptions, "socket">> | Required<Pick<ConnectOptions, "tls">>;

/**
 * The daemon to ask, or undefined for a manager of our own: a daemon that runs here comes before the default VPP and store.
 *
 * @throws PuntError ERR_OPTION; an errno name: a file of a certificate cannot be read
 */
export async function daemonOf(flags: DaemonFlags): Promise<DaemonAddress | undefined> {
  const { vpp, store = DEFAULT_STORE } = flags;
  if (vpp === undefined) return undefined;
  const isHere = vpp === DEFAULT_VPP_SOCKET && store === DEFAULT_STORE && existsSync(DEFAULT_DAEMON_SOCKET);
  return (await namedDaemon(flags)) ?? (isHere ? { socket: DEFAULT_DAEMON_SOCKET } : undefined);
}

/** The daemon that the options name, if any. @throws PuntError as `daemonOf` */
async function namedDaemon(flags: DaemonFlags): Promise<DaemonAddress | undefined> {
  const { socket, tls } = flags;
  if (tls !== undefined) return { tls: { ...tls, ...(await certificatesOf(flags)) } };
  return socket === undefined ? undefined : { socket };
}

/** Runs `body` with the daemon that the options name, or that listens where daemons do. The connection ends in any case. */
export async function withAnyDaemon<T>(
  flags: DaemonFlags & { readonly timeout?: number },
  body: (punts: RemotePunts, where: string) => Promise<T>,
): Promise<T> {
  const daemon = (await namedDaemon(flags)) ?? { socket: DEFAULT_DAEMON_SOCKET };
  return withRemote(daemon, { answerTimeout: answerTimeout(flags) }, (punts) =>
    body(punts, "tls" in daemon ? hostPort(daemon.tls.host, daemon.tls.port) : daemon.socket),
  );
}

/** Runs `body` with a daemon. The connection ends in any case. */
export async function withRemote<T>(
  daemon: DaemonAddress,
  options: Pick<ConnectOptions, "wait" | "answerTimeout" | "host">,
  body: (punts: RemotePunts) => Promise<T>,
): Promise<T> {
  // The packages that speak gRPC are loaded for a daemon only.
  const { remotePunts } = await import("../../module/index.js");
  const punts = await remotePunts({ ...daemon, ...options });
  try {
    return await body(punts);
  } finally {
    await punts.close();
  }
}

async function certificatesOf({ tlsCa, tlsCert, tlsKey }: DaemonFlags): Promise<Omit<TlsAddress, "host" | "port">> {
  return {
    ca: await readPem("--tls-ca", tlsCa),
    cert: await readPem("--tls-cert", tlsCert),
    key: await readPem("--tls-key", tlsKey),
  };
}

async function readPem(option: string, path: string | undefined): Promise<Buffer> {
  if (path === undefined) throw refusal(option, "is needed with --tls: both sides show a certificate");
  let text: Buffer;
  try {
    text = await readBytes(path);
  } catch (cause) {
    throw unreadable("vpp-punt", `${path} (${option})`, cause, { path, option });
  }
  if (!text.includes("-----BEGIN")) throw refusal(option, `names ${path}, which is no PEM file`);
  return text;
}

function refusal(option: string, problem: string): PuntError {
  return new PuntError("vpp-punt", "ERR_OPTION", `option ${option} ${problem}`, { option });
}

/** Bounds of the silence of a daemon: its calls may take as long as they need, and a daemon that is busy has time to say that it is there. */
const SILENCE_MS = { least: 1_000, most: 6_000 };

/** Returns how long a daemon may leave a command without an answer. */
export function answerTimeout({ timeout = SILENCE_MS.most }: { readonly timeout?: number }): number {
  return Math.min(Math.max(timeout, SILENCE_MS.least), SILENCE_MS.most);
}
