// Spans for OpenTelemetry of one call on its way: from the module over the daemon to VPP. The API is the real one.
import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";
import test from "ava";
import { daemonTest } from "../support/daemon/daemon.js";

const SPAN = { cnf: "mon", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;

interface Recorded extends SpanContext {
  readonly name: string;
  readonly kind: SpanKind;
  readonly parent: SpanContext | undefined;
  readonly attributes: Record<string, unknown>;
  status?: { readonly code: number; readonly message?: string };
  isEnded: boolean;
}

const hex = (digits: number, value: number) => value.toString(16).padStart(digits, "0");

/** Registers a tracer provider, a context manager and a propagator of W3C's form by OpenTelemetry's API, as its SDK does. */
function register(): Recorded[] {
  const spans: Recorded[] = [];
  const storage = new AsyncLocalStorage<Context>();
  context.setGlobalContextManager({
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, body, thisArg, ...args) => storage.run(active, () => body.apply(thisArg as never, args)),
    bind: (_context, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  });
  const startSpan = (
    name: string,
    { kind = SpanKind.INTERNAL, attributes = {} }: SpanOptions = {},
    within?: Context,
  ) => {
    const parent = trace.getSpanContext(within ?? context.active());
    const traceId = parent?.traceId ?? hex(32, spans.length + 1);
    const span: Recorded = {
      ...{ name, kind, parent, attributes: { ...attributes } },
      ...{ traceId, spanId: hex(16, spans.length + 1), traceFlags: 1, isEnded: false },
    };
    spans.push(span);
    return {
      spanContext: () => span,
      setAttribute: (key: string, value: unknown) => void Object.assign(span.attributes, { [key]: value }),
      setStatus: (status: Recorded["status"] & object) => void Object.assign(span, { status }),
      addEvent() {},
      end: () => void Object.assign(span, { isEnded: true }),
    } as unknown as Span;
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as never });
  propagation.setGlobalPropagator({
    fields: () => ["traceparent"],
    inject(from: Context, carrier: unknown, { set }: TextMapSetter) {
      const own = trace.getSpanContext(from);
      if (own) set(carrier, "traceparent", `00-${own.traceId}-${own.spanId}-01`);
    },
    extract(into: Context, carrier: unknown, { get }: TextMapGetter) {
      const [, traceId = "", spanId = ""] = String(get(carrier, "traceparent")).split("-");
      return traceId === "" ? into : trace.setSpanContext(into, { traceId, spanId, traceFlags: 1, isRemote: true });
    },
  });
  return spans;
}

test("a call is one trace: the module's span, the daemon's below it, then the punt, its steps and VPP's requests", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  const spans = register();
  t.teardown(() => {
    for (const part of [trace, context, propagation]) part.disable();
  });
  const root = trace.getTracer("a program").startSpan("the program's work");
  await context.with(trace.setSpan(ROOT_CONTEXT, root), () => punts.add(SPAN, { waitFor: "CREATED" }));
  const one = (name: string, kind?: SpanKind) => {
    const found = spans.filter((span) => span.name === name && (kind === undefined || span.kind === kind));
    t.is(found.length, 1, name);
    return found[0]!;
  };
  const client = one("vpp_punt.v1.Punts/Add", SpanKind.CLIENT);
  const server = one("vpp_punt.v1.Punts/Add", SpanKind.SERVER);
  const punt = one("vpp-punt punt");
  const request = one("VPP memif_create_v2");
  const step = spans.find(({ spanId }) => spanId === request.parent?.spanId)!;
  t.is(client.parent?.spanId, root.spanContext().spanId);
  t.like(server.parent, { spanId: client.spanId, isRemote: true });
  t.is(punt.parent?.spanId, server.spanId);
  t.is(step.name, "vpp-punt step");
  t.regex(String(step.attributes["vpp_punt.step"]), /^create interface\/memif/);
  t.is(step.parent?.spanId, punt.spanId);
  t.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [root.spanContext().traceId]);
  t.true(spans.every(({ isEnded, name }) => isEnded || name === "the program's work"));
  t.like(server.attributes, { "rpc.system": "grpc", "rpc.service": "vpp_punt.v1.Punts", "rpc.method": "Add" });
  // An error is the status of the spans on both sides.
  await t.throwsAsync(punts.delete({ cnf: "nobody" }));
  const failed = spans.filter(({ name }) => name === "vpp_punt.v1.Punts/Delete");
  t.deepEqual(
    failed.map(({ status }) => status?.code),
    [2, 2],
  );
  // Requests that belong to no span, such as the looks of the manager, have none.
  t.true(spans.every(({ name, parent }) => !name.startsWith("VPP ") || parent !== undefined));
});
