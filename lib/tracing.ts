// Spans for OpenTelemetry, where the application has registered a tracer provider. This package needs no copy of its API.

/** The values that go with an asynchronous call, as OpenTelemetry has them. */
interface Context {
  setValue(key: symbol, value: unknown): Context;
  getValue(key: symbol): unknown;
}

/** The part of a span that is used here. */
export interface Span {
  addEvent(name: string, attributes: Readonly<Record<string, string>>): unknown;
  setAttribute(name: string, value: string): unknown;
  setStatus(status: { readonly code: number; readonly message: string }): unknown;
  spanContext(): unknown;
  end(): void;
}

interface SpanOptions {
  readonly kind?: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly links?: readonly { readonly context: unknown }[];
}

interface Tracer {
  startSpan(name: string, options: SpanOptions, context?: Context): Span;
}

/** OpenTelemetry's registry in a process: each part is there if the application has registered it. */
interface Registry {
  readonly trace?: { getTracer(name: string): Tracer };
  readonly context?: {
    active(): Context;
    with<T>(context: Context, body: () => T): T;
  };
  readonly propagation?: {
    inject(context: Context, carrier: Headers, setter: object): void;
    extract(context: Context, carrier: Headers, getter: object): Context;
  };
}

/** Each copy of OpenTelemetry's API finds the others by this name. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
/** The span of a context, by the name that OpenTelemetry's API has for it. */
const ACTIVE = Symbol.for("OpenTelemetry Context Key SPAN");
/** SpanStatusCode.ERROR. */
const ERROR = 2;

/** SpanKind. */
export const SpanKind = { internal: 0, server: 1, client: 2 } as const;

function registry(): Registry | undefined {
  return (globalThis as { [REGISTRY]?: Registry })[REGISTRY];
}

/** Returns the tracer of this package; undefined where the application has none. */
export function tracer(): Tracer | undefined {
  return registry()?.trace?.getTracer("vpp-punt");
}

function activeContext(): Context | undefined {
  return registry()?.context?.active();
}

/** Whether the code that runs now belongs to a span. Costs next to nothing without a tracer. */
export function isInSpan(): boolean {
  return activeContext()?.getValue(ACTIVE) !== undefined;
}

export interface SpanPlace {
  /** The span that it belongs to. Default: the span that is active. */
  readonly parent?: Span;
  /** The span that a caller in another process has. */
  readonly remote?: Context | undefined;
}

/** Runs `body` within a span, which ends with it. Without a tracer, `body` runs as it is. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  body: () => Promise<T>,
  { parent, remote }: SpanPlace = {},
): Promise<T> {
  const own = tracer();
  const { context } = registry() ?? {};
  // Without a context manager nothing knows what a span belongs to.
  if (!own || (parent && !context)) return body();
  const active = remote ?? activeContext();
  const outer = parent === undefined ? active : active?.setValue(ACTIVE, parent);
  const span = own.startSpan(name, options, outer);
  const inner = outer?.setValue(ACTIVE, span);
  try {
    return await (context && inner ? context.with(inner, body) : body());
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}

function fail(span: Span, error: unknown): void {
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  if (code !== undefined) span.setAttribute("error.type", String(code));
  setError(span, String(message ?? error));
}

/** Notes why the work of a span has failed. */
export function setError(span: Span, message: string): void {
  span.setStatus({ code: ERROR, message });
}

/** Adds the active span to the headers of a request, in the application's form: `traceparent`. */
export function injectSpan(headers: Headers): void {
  const active = activeContext();
  const set = (carrier: Headers, name: string, value: string) => carrier.set(name, value);
  if (active) registry()?.propagation?.inject(active, headers, { set });
}

/** Returns the context that a caller has added to the headers of its request. */
export function extractSpan(headers: Headers): Context | undefined {
  const active = activeContext();
  const get = (carrier: Headers, name: string) => carrier.get(name) ?? undefined;
  const keys = (carrier: Headers) => [...carrier.keys()];
  return active && registry()?.propagation?.extract(active, headers, { get, keys });
}
