// Waiting for one punt.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { Entry } from "../../lib/punt/desired/entry.js";
import { parseRequest } from "../../lib/punt/request/request.js";

function newEntry(): Entry {
  return new Entry(parseRequest({ type: "SPAN", cnf: "cnf", interconnect: "MEMIF", vppInterface: "eth0" }));
}

test("a wait that begins after a punt was abandoned rejects at once", async (t) => {
  const entry = newEntry();
  entry.abandon(new PuntError("punt.delete", "ECANCELED", "the punt was added again"));
  await t.throwsAsync(
    entry.reached("punt.apply", ({ state }) => state === "DELETED"),
    { code: "ECANCELED" },
  );
});

test("the time limit of one wait does not end another", async (t) => {
  const entry = newEntry();
  const patient = entry.reached("punt.apply", ({ state }) => state === "CREATED");
  await t.throwsAsync(
    entry.reached("punt.apply", ({ state }) => state === "CREATED", 1),
    { code: "ETIMEDOUT" },
  );
  entry.become({ state: "CREATED", cause: "read back" });
  await t.notThrowsAsync(patient);
});
