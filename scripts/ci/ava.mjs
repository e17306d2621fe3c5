// AVA with TAP output that names each test that was pending at a timeout or a `process.exit()`. AVA 7.0.0's own output ends there with
// "Cannot set properties of undefined": its reporter gives itself a plain error and wants a serialized one.
import TapReporter from "../../node_modules/ava/lib/reporters/tap.js";

if (process.argv.includes("--help")) {
  console.log(
    "usage: npm run test:tap -- [AVA'S OPTION...] [TEST FILE...], such as --timeout=10m dist/test/memif/close.test.js",
  );
  process.exit(0);
}

const PARTS = ["writeTimeout", "writeProcessExit"];

function serialized(error) {
  if (!(error instanceof Error)) return error;
  const { name, message, stack } = error;
  return { type: "native", name, message, stack, originalError: error };
}

for (const part of PARTS) {
  const original = TapReporter.prototype[part];
  TapReporter.prototype[part] = function (event) {
    const writeTest = (test, flags) => this.writeTest({ ...test, err: serialized(test.err) }, flags);
    original.call(Object.create(this, { writeTest: { value: writeTest } }), event);
  };
}

process.argv.push("--tap");
await import("../../node_modules/ava/entrypoints/cli.mjs");
