// Preloaded into every process of a test file: appends the mutants that the process reaches to a file, each once.
import { appendFileSync } from "node:fs";

const file = process.env.VPP_PUNT_MUTATION_HITS;
let pending = [];

function flush() {
  try {
    appendFileSync(file, pending.join(""));
    pending = [];
  } catch {
    // A test may have taken all descriptors: the next mutant tries again.
  }
}

function record(id) {
  if (pending.push(`${id}\n`) === 1) queueMicrotask(flush);
}

/** A counter is the object's own after the first hit, which alone comes here. */
const first = new Proxy(
  {},
  {
    set(_target, id, value, counters) {
      record(id);
      return Reflect.defineProperty(counters, id, { value, writable: true, enumerable: true, configurable: true });
    },
  },
);

if (file !== undefined) {
  globalThis.__stryker__ = { mutantCoverage: { static: Object.create(first), perTest: {} } };
  process.on("exit", flush);
}
