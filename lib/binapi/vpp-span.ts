// Spans of requests to VPP, where the application has a tracer.
import { inSpan, isInSpan, SpanKind } from "../tracing.js";

/** Sends a request in a span of its own if the code that sends it belongs to a span: a program that traces nothing pays a look. */
export function vppSpan<T>(request: string, send: () => Promise<T>): Promise<T> {
  if (!isInSpan()) return send();
  return inSpan(
    `VPP ${request}`,
    { kind: SpanKind.client, attributes: { "rpc.system": "vpp", "rpc.method": request } },
    send,
  );
}
