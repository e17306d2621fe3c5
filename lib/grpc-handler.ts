// The request handler of a gRPC server.
import { once } from "node:events";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
  type ContextValues,
  createConnectRouter,
  createContextKey,
} from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";

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

export interface GrpcHandlerOptions extends ConnectRouterOptions {
  routes(router: ConnectRouter): void;
  /** Returns values for the calls of a request. */
  contextValues(request: GrpcRequest): ContextValues;
  /** Called when an answer could not be sent, with the name of the call. A caller that has gone is no such case. */
  unsent(call: string, error: Error): void;
}

/**
 * Returns the handler. The adapter of @connectrpc/connect-node prints the stack of an answer that cannot be sent to standard error, and lets
 * a stream wait without an end if its caller goes without having read it.
 */
export function grpcHandler({ routes, contextValues, unsent, ...options }: GrpcHandlerOptions): GrpcHandler {
  const router = createConnectRouter({ acceptCompression: [compressionGzip, compressionBrotli], ...options });
  routes(router);
  const calls = new Map(router.handlers.map((each) => [each.requestPath, each]));
  return (request, response) => {
    const call = calls.get((request.url ?? "").split("?", 1)[0]!);
    if (!call) {
      response.writeHead(404);
      response.end();
      return;
    }
    const values = contextValues(request).set(sendKey, (...what) => send(response, ...what));
    const asked = questionOf(request, response, values);
    if (!asked) {
      response.writeHead(400);
      response.end();
      return;
    }
    call(asked)
      .then((answer) => universalResponseToNodeResponse(ended(answer, response), response))
      .catch((error) => {
        if (ConnectError.from(error).code !== Code.Aborted) unsent(call.method.name, error);
      });
  };
}

type Question = ReturnType<typeof universalRequestFromNodeRequest>;

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
