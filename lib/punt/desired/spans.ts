// Spans of punts for OpenTelemetry, where the application has a tracer: how a punt comes from one state to the next.
import { idKey } from "../request/index.js";
import type { PuntEvent, PuntState } from "../state.js";

/** The part of OpenTelemetry's API that is used here. */
interface Span {
  addEvent(name: string, attributes: Readonly<Record<string, string>>): unknown;
  setAttribute(name: string, value: string): unknown;
  setStatus(status: { readonly code: number; readonly message: string }): unknown;
  spanContext(): unknown;
  end(): void;
}

interface Provider {
  getTracer(name: string): { startSpan(name: string, options: object): Span };
}

/** OpenTelemetry's name of its registry in a process. Each copy of its API finds the others by it, and this package needs no copy. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
/** SpanStatusCode.ERROR. */
const ERROR = 2;

function provider(): Provider | undefined {
  return (globalThis as { [REGISTRY]?: { readonly trace?: Provider } })[REGISTRY]?.trace;
}

/** States in which a punt may stay for long. */
const SETTLED: ReadonlySet<PuntState> = new Set(["PENDING", "CREATED", "DEGRADED", "FAILED", "DELETED"]);

/** Spans of all punts: each begins with a change, which may be a caller's, and ends in a state in which the punt may stay. */
export class PuntSpans {
  readonly #open = new Map<string, Span>();
  /** The context of each punt's last span, to which the next one has a link. */
  readonly #last = new Map<string, unknown>();

  follow(event: PuntEvent): void {
    const { id, to, cause } = event;
    const key = idKey(id);
    const span = this.#open.get(key) ?? this.#begin(event);
    if (span === undefined) return;
    span.addEvent(to, { cause });
    if (SETTLED.has(to)) this.#end(key, span, event);
    else this.#open.set(key, span);
  }

  #begin({ id, status }: PuntEvent): Span | undefined {
    const tracer = provider()?.getTracer("vpp-punt");
    const last = this.#last.get(idKey(id));
    const { type, interconnect } = status.request;
    const names = { "vpp_punt.cnf": id.cnf, "vpp_punt.key": id.key, "vpp_punt.label": id.label };
    return tracer?.startSpan("vpp-punt punt", {
      attributes: { ...names, "vpp_punt.type": type, "vpp_punt.interconnect": interconnect },
      ...(last !== undefined && { links: [{ context: last }] }),
    });
  }

  #end(key: string, span: Span, { to, status: { failure } }: PuntEvent): void {
    span.setAttribute("vpp_punt.state", to);
    if (failure) span.setStatus({ code: ERROR, message: `${failure.item}: ${failure.message} (${failure.code})` });
    span.end();
    this.#open.delete(key);
    if (to === "DELETED") this.#last.delete(key);
    else this.#last.set(key, span.spanContext());
  }
}
