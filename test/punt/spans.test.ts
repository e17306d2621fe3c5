// Spans of punts for OpenTelemetry: a provider in its registry gets them, and without one nothing happens.
import test from "ava";
import { managedVpp } from "../support/punt/managed-vpp.js";

interface Recorded {
  readonly name: string;
  readonly options: {
    readonly attributes: Readonly<Record<string, string>>;
    readonly links?: readonly { readonly context: unknown }[];
  };
  readonly events: string[];
  readonly attributes: Record<string, string>;
  status?: { readonly code: number; readonly message: string };
  isEnded: boolean;
}

const registry = globalThis as Record<symbol, unknown>;
const REGISTRY = Symbol.for("opentelemetry.js.api.1");

/** Registers a provider as OpenTelemetry's API does, and returns the spans that its tracer starts. */
function provider(): Recorded[] {
  const spans: Recorded[] = [];
  const startSpan = (name: string, options: Recorded["options"]) => {
    const span: Recorded = { name, options, events: [], attributes: {}, isEnded: false };
    spans.push(span);
    return {
      addEvent: (event: string) => void span.events.push(event),
      setAttribute: (key: string, value: string) => void Object.assign(span.attributes, { [key]: value }),
      setStatus: (status: Recorded["status"] & object) => void Object.assign(span, { status }),
      spanContext: () => span,
      end: () => void Object.assign(span, { isEnded: true }),
    };
  };
  registry[REGISTRY] = { version: "1.9.0", trace: { getTracer: () => ({ startSpan }) } };
  return spans;
}

const span = { cnf: "monitor", key: "k", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" } as const;

test.serial("a punt's way to CREATED is a span, its way to DELETED another one with a link to the first", async (t) => {
  const spans = provider();
  t.teardown(() => delete registry[REGISTRY]);
  const managed = await managedVpp();
  t.teardown(() => managed.close());
  const { id } = await managed.manager.add(span, { waitFor: "CREATED" });
  t.is(spans.length, 1);
  const [first] = spans;
  t.is(first!.name, "vpp-punt punt");
  t.deepEqual(first!.options, {
    attributes: {
      ...{ "vpp_punt.cnf": "monitor", "vpp_punt.key": "k", "vpp_punt.label": "" },
      ...{ "vpp_punt.type": "SPAN", "vpp_punt.interconnect": "MEMIF" },
    },
  });
  t.deepEqual(first!.events, ["INIT", "CREATED"]);
  t.deepEqual(first!.attributes, { "vpp_punt.state": "CREATED" });
  t.true(first!.isEnded);
  await managed.manager.delete(id);
  t.deepEqual(spans[1]!.options.links, [{ context: first }]);
  t.deepEqual(spans[1]!.events, ["DELETED"]);
  t.true(spans.every(({ isEnded }) => isEnded));
});

test.serial("the span of a FAILED punt has the cause as its status", async (t) => {
  const spans = provider();
  t.teardown(() => delete registry[REGISTRY]);
  const managed = await managedVpp({}, { withoutPlugins: ["acl"] });
  t.teardown(() => managed.close());
  const request = { ...span, type: "ABX", ingressAclRules: [{ protocol: "TCP" }] } as const;
  await managed.manager.add({ ...request, ingressAclRules: [...request.ingressAclRules] }).catch(() => {});
  t.like(spans[0]!.status, { code: 2 });
  t.regex(spans[0]!.status!.message, /plugin acl.*\(ERR_PLUGIN_MISSING\)$/);
  t.true(spans[0]!.isEnded);
});

test.serial("without a provider, punts come and go as before", async (t) => {
  const managed = await managedVpp();
  t.teardown(() => managed.close());
  const { id, state } = await managed.manager.add(span, { waitFor: "CREATED" });
  t.is(state, "CREATED");
  await managed.manager.delete(id);
  t.deepEqual(managed.manager.list(), []);
});
