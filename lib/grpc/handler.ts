// The request handler of a gRPC server.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { DescService } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
  type ContextValues,
  createConnectRouter,
  createContextKey,
} from "@connectrpc/connect";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { Bodies, limited } from "./request-body.js";
import { Turns } from "./turns.js";

/** Answers requests over HTTP/1.1 and HTTP/2. */
export type GrpcHandler = (request: GrpcRequest, response: GrpcResponse) => void;

export type GrpcRequest = Parameters<typeof universalRequestFromNodeRequest>[0];
type Answer = Parameters<typeof universalResponseToNodeResponse>[0];
type GrpcResponse = Parameters<typeof universalResponseToNodeResponse>[1];

/**
 * Writes envelopes to an answer that has begun, past the adapter and its compression. Resolves when the caller takes more, or the signal says
 * that it has gone.
 */
export type Send = (envelopes: Uint8Array, signal: AbortSignal) => Promise<void>;

/** The adapter does the same for each message of a stream; but it passes each through eight asynchronous generators, which takes longer than all else. */
export const sendKey = createContextKey<Send>(() => Promise.reject(new Error("no answer has begun")));

/** Waits for the next turn of the call's party: a call that goes on with more work lets the work of others come first. */
export const turnKey = createContextKey<() => Promise<void>>(() => Promise.resolve());

export interface GrpcHandlerOptions extends Omit<ConnectRouterOptions, "acceptCompression"> {
  /** Bytes of the largest request. */
  readonly readMaxBytes: number;
  routes(router: ConnectRouter): void;
  /** Returns values for the calls of a request. */
  contextValues(request: GrpcRequest): ContextValues;
  /** Returns whose turn a request takes. Left out: each connection has turns of its own. */
  partyOf?(request: GrpcRequest): unknown;
  /**
   * The service that refuses fields that it does not know, and the version that it gives as its own. Without it, such
   * fields are ignored, and what a later client asks for by them is not done.
   */
  readonly strict?: { readonly service: DescService; readonly version: string };
  /** Called when an answer could not be sent, with the name of the call. A caller that has gone is no such case. */
  unsent(call: string, error: Error): void;
}

/**
 * Returns the handler. The adapter of @connectrpc/connect-node prints the stack of an answer that cannot be sent to standard error, and lets
 * a stream wait without an end if its caller goes without having read it. Calls of one party begin in turns.
 */
export function grpcHandler(from: GrpcHandlerOptions): GrpcHandler {
  const { routes, contextValues, unsent, strict, partyOf = connectionOf, ...options } = from;
  // Compression would hide the size of a request, and take the threads that write files.
  const router = createConnectRouter({ ...options, binaryOptions: { readUnknownFields: false } });
  routes(router);
  const calls = new Map(router.handlers.map((each) => [each.requestPath, each]));
  const turns = new Turns();
  const bodies = new Bodies(options.readMaxBytes);
  const answer = (call: Call, party: unknown, request: GrpcRequest, response: GrpcResponse) => {
    const values = contextValues(request)
      .set(sendKey, (...what) => send(response, ...what))
      .set(turnKey, () => turns.next(party));
    const asked = questionOf(request, response, values);
    if (!asked) return refuse(response, 400);
    const version = call.method.parent === strict?.service ? strict?.version : undefined;
    call(limitedIn(asked, call, response, bodies, { party, version }))
      .then((given) => universalResponseToNodeResponse(ended(given, response), response))
      .catch((error) => {
        if (ConnectError.from(error).code !== Code.Aborted) unsent(call.method.name, error);
      });
  };
  return (request, response) => {
    const call = calls.get((request.url ?? "").split("?", 1)[0]!);
    if (!call) return refuseUnknown(request, response, strict?.version);
    const party = partyOf(request);
    void turns.next(party).then(() => {
      if (!isGone(request, response)) answer(call, party, request, response);
    });
  };
}

type Call = ConnectRouter["handlers"][number];

/** Most characters of a call in an answer. */
const LONGEST_CALL = 200;

function refuse(response: GrpcResponse, status: number): void {
  response.writeHead(status);
  response.end();
}

/** Answers a call that there is not. A caller of gRPC learns the version: its program may be of a later one. */
function refuseUnknown({ url = "", headers }: GrpcRequest, response: GrpcResponse, version: string | undefined): void {
  const type = headers["content-type"] ?? "";
  if (version !== undefined && type.startsWith("application/grpc")) {
    const text = encodeURIComponent(`version ${version} does not know the call ${url.slice(1, LONGEST_CALL)}`);
    const status = { "grpc-status": String(Code.Unimplemented), "grpc-message": text };
    response.writeHead(200, { "content-type": type, ...status });
    response.end();
  } else refuse(response, 404);
}

/** Returns what stands for the connection that a request came by. */
export function connectionOf(request: GrpcRequest): unknown {
  return "stream" in request ? request.stream.session : request.socket;
}

/** Whether the caller has gone while the request waited for its turn. */
function isGone(request: GrpcRequest, response: GrpcResponse): boolean {
  return "stream" in request ? request.stream.destroyed : (response as ServerResponse).destroyed;
}

type Question = ReturnType<typeof universalRequestFromNodeRequest>;

/** Returns the request with limits on its body. Its bytes count until the answer has ended. */
function limitedIn(
  asked: Question,
  { method }: Call,
  response: GrpcResponse,
  bodies: Bodies,
  { party, version }: { readonly party: unknown; readonly version: string | undefined },
): Question {
  let held = 0;
  let isOver = false;
  response.once("close", () => {
    isOver = true;
    bodies.give(party, held);
  });
  const take = (bytes: number) => {
    if (isOver) return;
    held += bytes;
    bodies.take(party, bytes);
  };
  const isOne = method.methodKind === "unary" || method.methodKind === "server_streaming";
  const contentType = asked.header.get("content-type") ?? "";
  const form = { schema: isOne ? method.input : undefined, contentType, strict: version };
  return { ...asked, body: limited(asked.body as AsyncIterable<Uint8Array>, form, bodies.longest, take) };
}

/**
 * Returns the request as the router takes it; undefined if it has headers that cannot be read. The adapter throws there, and an exception in a
 * handler would end the process. It also makes a URL of the server's name, which callers choose: Node.js's own client of HTTP/2 sends an
 * IPv6 address without brackets.
 */
function questionOf(request: GrpcRequest, response: GrpcResponse, values: ContextValues): Question | undefined {
  const name = request.httpVersionMajor > 1 ? ":authority" : "host";
  const headers = request.headers as Record<string, string | undefined>;
  if (!URL.canParse(`http://${headers[name] ?? ""}`)) headers[name] = "localhost";
  try {
    return universalRequestFromNodeRequest(request, response, undefined, values);
  } catch {
    return undefined;
  }
}

async function send(response: GrpcResponse, ...[envelopes, signal]: Parameters<Send>): Promise<void> {
  if (signal.aborted || response.write(envelopes)) return;
  await once(response, "drain", { signal }).catch(() => {});
}

/** Returns the answer, which ends when the caller has gone. Node.js says nothing to a write that waits for a caller who goes. */
function ended(answer: Answer, response: GrpcResponse): Answer {
  const body = answer.body?.[Symbol.asyncIterator]();
  if (!body) return answer;
  response.once("close", () => void body.return?.().catch(() => {}));
  return { ...answer, body: { [Symbol.asyncIterator]: () => body } };
}
