import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { Entry } from "../../lib/punt/desired/entry.js";
import { parseRequest } from "../../lib/punt/request/request.js";

function newEntry(): Entry {
  return new Entry(parseRequest({ type: "SPAN", cnf: "cnf", interconnect: "MEMIF", vppInterface: "eth0" }));
}

test("who begins to wait for an abandoned punt is told at once", async (t) => {
  const entry = newEntry();
  entry.abandon(new PuntError("punt.delete", "ECANCELED", "the punt was added again"));
  await t.throwsAsync(
    entry.reached(({ state }) => state === "DELETED"),
    { code: "ECANCELED" },
  );
});

test("one waiter's time limit is nobody else's", async (t) => {
  const entry = newEntry();
  const patient = entry.reached(({ state }) => state === "CREATED");
  await t.throwsAsync(
    entry.reached(({ state }) => state === "CREATED", 1),
    { code: "ETIMEDOUT" },
  );
  entry.become({ state: "CREATED", cause: "read back" });
  await t.notThrowsAsync(patient);
});
