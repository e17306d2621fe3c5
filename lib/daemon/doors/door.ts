// The common part of all doors of the daemon: requests with their callers.
import type { Http2ServerRequest } from "node:http2";
import { connectionOf, type GrpcHandler, type GrpcRequest } from "../../grpc/index.js";
import { type Caller, partyOf } from "../identity.js";

/** Answers requests. */
export type Handler = GrpcHandler;

/** A request over any of the protocols. */
export type DoorRequest = GrpcRequest;

/** An open door. */
export interface Door {
  /** Path, or host and port. */
  readonly path: string;
  /** Ends every connection that came by it, and stays open. */
  drop?(): void;
  /** The daemon begins to act for its host in a cluster. */
  begin?(): void;
  /** Closes it and every connection that came by it. */
  close(): Promise<void>;
}

/** Of HTTP/2: a connection's calls at a time. A CNF has two or three streams for each punt that it opens; what is beyond waits at the caller. */
export const HTTP2_SETTINGS = { maxConcurrentStreams: 2_000 } as const;

const CALLER = Symbol("caller");

/** Notes who is at the other end of a connection. HTTP/2 shows its socket through a proxy, which passes properties on. */
export function markCaller(socket: object, caller: Caller): void {
  Object.defineProperty(socket, CALLER, { value: caller });
}

/** Returns who made a request. */
export function callerOf(request: DoorRequest): Caller | undefined {
  const socket = "stream" in request ? (request as Http2ServerRequest).stream.session?.socket : request.socket;
  return (socket as { [CALLER]?: Caller } | undefined)?.[CALLER];
}

/** Returns whose turn a request takes: its program's or user's, or its connection's where neither is known. */
export function partyAt(request: DoorRequest): unknown {
  const caller = callerOf(request);
  return (caller && partyOf(caller)) ?? connectionOf(request);
}
