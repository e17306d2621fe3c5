// Servers of StoneWork's kind: gRPC over plain TCP, and JSON over HTTP.
import { createServer as createHttpServer } from "node:http";
import {
  constants,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import type { Socket } from "node:net";
import { type ConnectRouter, createContextKey, createContextValues } from "@connectrpc/connect";
import { grpcHandler } from "../grpc/index.js";
import { endIfSilent, type Listening, listenAt, PING_INTERVAL_MS, type Pinged } from "../sockets/index.js";

/** Where to listen. Port 0 is any free port. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Bytes of the largest message, decompressed. */
export const LONGEST_MESSAGE = 4 << 20;
/** Calls at a time over one connection. */
const MOST_STREAMS = 100;
/** Requests, over all connections, that have not arrived whole. One more ends the oldest: callers are judged when they have. */
const MOST_ARRIVING = 64;

/** A connection of a caller. */
export type Connection = Pinged & Pick<ServerHttp2Session, "once">;

export function isGone({ closed, destroyed }: Connection): boolean {
  return closed || destroyed;
}

/** The connection over which a call came. */
export const connectionKey = createContextKey<ServerHttp2Session | undefined>(undefined);

/**
 * Serves, and ends a connection whose other end leaves a ping without an answer for `place.pingInterval` milliseconds.
 *
 * @throws PuntError an errno name: the address or port cannot be listened at
 */
export async function serveGrpc(
  { pingInterval = PING_INTERVAL_MS, ...place }: Place & { readonly pingInterval?: number },
  op: string,
  routes: (router: ConnectRouter) => void,
): Promise<Listening> {
  const handler = grpcHandler({
    routes,
    readMaxBytes: LONGEST_MESSAGE,
    // Each call of StoneWork's has one answer, which the caller needs no more.
    unsent: () => {},
    contextValues: (request) =>
      createContextValues().set(
        connectionKey,
        (request as Http2ServerRequest).stream.session as ServerHttp2Session | undefined,
      ),
  });
  const arriving = new Set<Http2ServerRequest>();
  const listener = (request: Http2ServerRequest, response: Http2ServerResponse) => {
    arriving.add(request);
    for (const event of ["end", "close"]) request.once(event, () => arriving.delete(request));
    if (arriving.size > MOST_ARRIVING)
      arriving.values().next().value!.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    handler(request, response);
  };
  const server = createHttp2Server({ settings: { maxConcurrentStreams: MOST_STREAMS } }, listener);
  server.on("session", (session) => endIfSilent(session, pingInterval));
  return await listenAt(server, place, op);
}

interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

/** Answers GET requests with JSON: `pages` has a function for each path, which gets the connection. */
export async function serveJson(
  place: Place,
  op: string,
  pages: Readonly<Record<string, (socket: Socket) => Answer | Promise<Answer>>>,
): Promise<Listening> {
  const absent: Answer = { status: 404, body: { error: `only GET of ${Object.keys(pages).join(", ")}` } };
  const server = createHttpServer(async (request, response) => {
    const path = (request.url ?? "").split("?")[0]!;
    const page = request.method === "GET" && Object.hasOwn(pages, path) ? pages[path] : undefined;
    const { status = 200, body } = (await page?.(request.socket)) ?? absent;
    response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
  });
  return await listenAt(server, place, op);
}
