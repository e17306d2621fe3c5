// A few random histories in each run of the tests. `npm run histories` runs more.
import test from "ava";
import fc from "fast-check";
import { operation, runHistory } from "../stress/history.js";

test("random histories end in the state of a VPP that was configured at once, and leave nothing", async (t) => {
  t.timeout(110_000);
  const property = fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), runHistory);
  await t.notThrowsAsync(fc.assert(property, { numRuns: 25, endOnFailure: true }));
});
