// Spans of punts for OpenTelemetry, where the application has a tracer: how a punt comes from one state to the next.
import { inSpan, type Span, setError, tracer } from "../../tracing.js";
import { idKey } from "../request/index.js";
import { failureText, type PuntEvent, type PuntState } from "../state.js";

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

  /**
   * Performs a step within a span of the punt that it is for, if that punt changes now. VPP's calls of the step are in it then.
   *
   * @param users the punts, by `idKey`
   */
  step(name: string, users: readonly string[], perform: () => Promise<void>): Promise<void> {
    const parent = users.map((key) => this.#open.get(key)).find((span) => span !== undefined);
    if (parent === undefined) return perform();
    return inSpan("vpp-punt step", { attributes: { "vpp_punt.step": name } }, perform, { parent });
  }

  #begin({ id, status }: PuntEvent): Span | undefined {
    const last = this.#last.get(idKey(id));
    const { type, interconnect } = status.request;
    const names = { "vpp_punt.cnf": id.cnf, "vpp_punt.key": id.key, "vpp_punt.label": id.label };
    return tracer()?.startSpan("vpp-punt punt", {
      attributes: { ...names, "vpp_punt.type": type, "vpp_punt.interconnect": interconnect },
      ...(last !== undefined && { links: [{ context: last }] }),
    });
  }

  #end(key: string, span: Span, { to, status: { failure } }: PuntEvent): void {
    span.setAttribute("vpp_punt.state", to);
    if (failure) setError(span, `${failureText(failure)} (${failure.code})`);
    span.end();
    this.#open.delete(key);
    if (to === "DELETED") this.#last.delete(key);
    else this.#last.set(key, span.spanContext());
  }
}
