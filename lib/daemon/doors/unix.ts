// The daemon's UNIX socket: HTTP/2 (gRPC) and HTTP/1.1 (plain JSON) at one path.
import { createServer as createHttp1, type RequestListener } from "node:http";
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { isMainThread } from "node:worker_threads";
import { hasReader, listenInPlaceOfStale, refuseDescriptors } from "../../descriptor/index.js";
import { PuntError } from "../../errors.js";
import { ensureFolder } from "../../files/index.js";
import { closeAt, inodeOf, SilentConnections, setSocketRights } from "../../sockets/index.js";
import type { Caller } from "../identity.js";
import { Crowd } from "./crowd.js";
import { type Door, type Handler, HTTP2_SETTINGS, markCaller } from "./door.js";

/** How an HTTP/2 connection begins; every HTTP/1.1 request begins otherwise. */
const PREFACE = Buffer.from("PRI");

/** Connections that wait to be accepted: CNFs of a whole host may come at once. Linux has no room for more than net.core.somaxconn. */
const LONGEST_QUEUE = 4_096;

const LOOK_MS = 10_000;

export interface UnixDoorOptions {
  readonly path: string;
  readonly mode: number;
  /** Group of the socket file; undefined for the process's own. */
  readonly group: number | undefined;
  /** User who owns the socket file; undefined for the process's own. */
  readonly owner: number | undefined;
  readonly handler: Handler;
  /** Returns who is at the other end. */
  callerOf(socket: Socket): Caller;
  /** A connection was refused. */
  problem(error: unknown): void;
  /** Milliseconds between two looks for connections whose other end is gone. Default 10,000. */
  readonly lookInterval?: number;
}

/**
 * Opens the socket. A file that a dead daemon left is replaced.
 *
 * @throws PuntError EADDRINUSE: a living process listens there; EEXIST: something other than a socket is there; an errno name
 */
export async function openUnixDoor(options: UnixDoorOptions): Promise<Door> {
  const { path, mode, group, owner } = options;
  await prepare(path);
  const http1 = createHttp1(options.handler as unknown as RequestListener);
  const handler = options.handler as (request: Http2ServerRequest, response: Http2ServerResponse) => void;
  const http2 = createHttp2({ settings: HTTP2_SETTINGS }, handler);
  const open = new Set<Socket>();
  const silent = new SilentConnections<Socket>();
  const crowd = new Crowd();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => {});
    silent.add(socket, socket);
    accept(socket, options, crowd, (isHttp2) => {
      silent.delete(socket);
      (isHttp2 ? http2 : http1).emit("connection", socket);
    });
  });
  await listenInPlaceOfStale("daemon.start", path, () => listen(server, path));
  const own = inodeOf(path);
  // Node.js keeps a connection whose other end has broken HTTP/2, also after that end is gone.
  const look = setInterval(() => {
    for (const socket of open) if (!isHeld(socket)) socket.destroy();
  }, options.lookInterval ?? LOOK_MS).unref();
  const close = () => {
    clearInterval(look);
    return end(server, open, { path, own });
  };
  try {
    refuseDescriptors(server);
    // The mode comes last: until then the file is for this user only.
    giveAway(path, mode, owner, group);
  } catch (error) {
    await close();
    throw error;
  }
  const drop = () => {
    for (const socket of open) socket.destroy();
  };
  return { path, drop, close };
}

/** Whether the other end of a connection is open. */
function isHeld(socket: Socket): boolean {
  try {
    return hasReader(socket);
  } catch {
    // It is closed here, too.
    return false;
  }
}

function giveAway(path: string, mode: number, owner: number | undefined, group: number | undefined): void {
  try {
    setSocketRights(path, { owner, group, mode });
  } catch (cause) {
    const to = [owner !== undefined && `user ${owner}`, group !== undefined && `group ${group}`].filter(Boolean);
    throw failed(path, to.length === 0 ? "set the socket's mode" : `give the socket to ${to.join(" and ")}`, cause);
  }
}

function failed(path: string, what: string, cause: unknown): PuntError {
  const { code = "EIO" } = cause as NodeJS.ErrnoException;
  return new PuntError("daemon.start", code, `cannot ${what}: ${path}`, { path }, cause);
}

async function prepare(path: string): Promise<void> {
  await ensureFolder(dirname(path), 0o755).catch((cause) => {
    throw failed(path, "make the socket", cause);
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(failed(path, "listen", cause)));
    asPrivate(() => server.listen({ path, backlog: LONGEST_QUEUE }, resolve));
  });
}

/** Runs `make`, which makes a file at once, so that others cannot use the file. A worker thread cannot set the umask. */
function asPrivate(make: () => void): void {
  const before = isMainThread ? process.umask(0o177) : undefined;
  try {
    make();
  } finally {
    if (before !== undefined) process.umask(before);
  }
}

/** Reads who is there, and then the first bytes: they say which HTTP it is. */
function accept(socket: Socket, options: UnixDoorOptions, crowd: Crowd, serve: (isHttp2: boolean) => void): void {
  try {
    const caller = options.callerOf(socket);
    const leave = crowd.enter(caller);
    // No word to the log: the caller could fill it.
    if (!leave) return void socket.destroy();
    socket.once("close", leave);
    markCaller(socket, caller);
  } catch (error) {
    options.problem(error);
    socket.destroy();
    return;
  }
  const look = () => {
    const first: Buffer | null = socket.read();
    if (first === null) {
      socket.once("readable", look);
      return;
    }
    socket.unshift(first);
    const length = Math.min(first.length, PREFACE.length);
    serve(first.subarray(0, length).equals(PREFACE.subarray(0, length)));
  };
  socket.once("readable", look);
}

function end(
  server: Server,
  open: ReadonlySet<Socket>,
  { path, own }: { readonly path: string; readonly own: bigint | undefined },
): Promise<void> {
  const ended = closeAt(path, own, server);
  for (const socket of open) socket.destroy();
  return ended;
}
