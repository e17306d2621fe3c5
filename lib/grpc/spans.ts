// Spans of gRPC calls, where the application has a tracer: a call's span in the caller has the span of its answer below it.
import type { Interceptor } from "@connectrpc/connect";
import { extractSpan, injectSpan, inSpan, SpanKind } from "../tracing.js";

type Request = Parameters<ReturnType<Interceptor>>[0];

/** OpenTelemetry's names of these attributes. */
function optionsOf({ service, method }: Request, kind: number) {
  return { kind, attributes: { "rpc.system": "grpc", "rpc.service": service.typeName, "rpc.method": method.name } };
}

function nameOf({ service, method }: Request): string {
  return `${service.typeName}/${method.name}`;
}

/** The caller's side. A stream has no span, because it may be open for days; it has the caller's context. */
export const callSpan: Interceptor = (next) => async (request) => {
  const send = async () => {
    injectSpan(request.header);
    return next(request);
  };
  return request.stream ? send() : inSpan(nameOf(request), optionsOf(request, SpanKind.client), send);
};

/** The side that answers. */
export const answerSpan: Interceptor = (next) => async (request) => {
  if (request.stream) return next(request);
  const remote = extractSpan(request.header);
  return inSpan(nameOf(request), optionsOf(request, SpanKind.server), () => next(request), { remote });
};
