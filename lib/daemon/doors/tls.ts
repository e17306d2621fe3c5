// The daemon's TCP door: the same calls, with certificates on both sides.
import { createSecureServer } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { PuntError } from "../../errors.js";
import { readBytes, unreadable } from "../../files/index.js";
import { hostPort, pemProblem } from "../../net/index.js";
import { endIfSilent, listenAt, PING_INTERVAL_MS } from "../../sockets/index.js";
import { tlsCaller } from "../identity.js";
import { plainAddress } from "../tcp-peer.js";
import { type Door, type Handler, HTTP2_SETTINGS, markCaller } from "./door.js";

/** Milliseconds that a caller has for its handshake. */
const HANDSHAKE_MS = 10_000;

/** Where to listen, and PEM files. */
export interface TlsDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  /** Signs the certificates of callers: no other CA is trusted. */
  readonly ca: string;
  /**
   * Milliseconds between two pings to a caller. A caller that has not answered by the next ping is gone, and its session's grace period
   * begins. Default 10,000.
   */
  readonly pingInterval?: number;
}

/** A door whose certificates can be read again. */
export interface TlsDoor extends Door {
  /** @throws PuntError an errno name, or ERR_CERTIFICATE: the certificates stay as they were */
  reload(): Promise<void>;
}

/** A connection that ended before its caller was known. */
export interface RefusedHandshake {
  /** Address and port of the caller. */
  readonly from: string;
  readonly code: string;
  readonly reason: string;
}

/**
 * Opens the door; `refused` gets each handshake that failed.
 *
 * @throws PuntError an errno name; ERR_CERTIFICATE: a file has no certificate or key, or the key is another certificate's
 */
export async function openTlsDoor(
  options: TlsDoorOptions,
  handler: Handler,
  refused: (handshake: RefusedHandshake) => void,
): Promise<TlsDoor> {
  const settings = {
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
    allowHTTP1: true,
    handshakeTimeout: HANDSHAKE_MS,
    settings: HTTP2_SETTINGS,
  } as const;
  const files = await readFiles(options);
  const server = createSecureServer({ ...files, ...settings }, handler as never);
  server.on("secureConnection", (socket) => {
    socket.on("error", () => {});
    markCaller(socket, tlsCaller(socket));
  });
  server.on("session", (session) => endIfSilent(session, options.pingInterval ?? PING_INTERVAL_MS));
  server.on("tlsClientError", (error, socket) => refused(handshakeOf(error, socket)));
  const { port, close } = await listenAt(server, options, "daemon.start");
  return {
    path: hostPort(options.host, port),
    reload: async () => {
      server.setSecureContext(await readFiles(options));
    },
    close,
  };
}

function handshakeOf(error: NodeJS.ErrnoException & { reason?: string }, socket: TLSSocket): RefusedHandshake {
  // Node.js drops a socket with a certificate that it does not trust; what is below it still knows the address.
  const below = (socket as unknown as { readonly _parent?: Socket })._parent;
  const { remoteAddress = "an unknown address", remotePort = 0 } = socket.remoteAddress ? socket : (below ?? {});
  const distrust = socket.authorizationError as unknown as string | null;
  const from = hostPort(plainAddress(remoteAddress), remotePort);
  if (distrust) return { from, code: distrust, reason: `the certificate is not trusted: ${distrust}` };
  const { code = "EIO" } = error;
  const ended = "the connection ended before the handshake did";
  return { from, code, reason: code === "ECONNRESET" ? ended : (error.reason ?? error.message) };
}

/** @throws PuntError an errno name; ERR_CERTIFICATE, with `details.path` */
async function readFiles(options: TlsDoorOptions): Promise<{ cert: Buffer; key: Buffer; ca: Buffer }> {
  const [cert, key, ca] = await Promise.all([options.cert, options.key, options.ca].map(read));
  const files = { cert: cert!, key: key!, ca: ca! };
  const problem = pemProblem(files);
  if (problem === undefined) return files;
  const path = options[problem.part];
  const message = `${path} of option tls.${problem.part} cannot be used: ${problem.reason}`;
  throw new PuntError("daemon.start", "ERR_CERTIFICATE", message, { path });
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readBytes(path);
  } catch (cause) {
    throw unreadable("daemon.start", path, cause);
  }
}
