// Sequences of requests whose answers must be the same on an embedded and on a real VPP.
import type { MessageValue } from "../../../lib/binapi/index.js";
import type { ApiClient } from "../vpp/api-client.js";

/** A request and its arguments; a name that ends in `_dump` is a dump. */
export type Step = readonly [name: string, args?: MessageValue];

export interface Case {
  title: string;
  steps: readonly Step[];
  /** Fields of the answers that two VPPs need not agree on. */
  ignore?: readonly string[];
}

/** Never the same on two VPPs. */
const ALWAYS_IGNORED = ["stats_index", "age", "vpe_pid", "client_index"];

function comparable(value: unknown, ignored: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((element) => comparable(element, ignored));
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => !ignored.has(name));
  return Object.fromEntries(entries.map(([name, field]) => [name, comparable(field, ignored)]));
}

/** Runs a case: what each step answered, details of a dump sorted. */
export async function runCase(client: ApiClient, { steps, ignore = [] }: Case): Promise<unknown[]> {
  const ignored = new Set([...ALWAYS_IGNORED, ...ignore]);
  const answers: unknown[] = [];
  for (const [name, args = {}] of steps) {
    if (!name.endsWith("_dump")) {
      answers.push({ name, ...(comparable(await client.call(name, args), ignored) as object) });
      continue;
    }
    const details = (await client.dump(name, args)).map((value) => comparable(value, ignored));
    const texts = details.map((value) => JSON.stringify(value)).sort();
    answers.push({ name, details: texts.map((text) => JSON.parse(text) as unknown) });
  }
  return answers;
}
