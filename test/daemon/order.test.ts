// Changes that one caller asks a daemon for, without waiting in between, are made in the order of the calls.
import test from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

const span = (key: string, vppInterface = "eth0"): PuntRequestInput => ({
  ...{ cnf: "a", key, type: "SPAN", interconnect: "MEMIF", vppInterface },
});

for (const options of [{}, { session: { cnf: "a" } }])
  test(`a delete follows the addition, and another addition follows the delete, ${options.session ? "in a session" : "without a session"}`, async (t) => {
    const { connect } = await daemonTest(t);
    const punts = await connect(undefined, options);
    for (const key of ["x", "y", "z"]) {
      const first = punts.add(span(key), { waitFor: "CREATED" });
      const deleted = punts.delete({ cnf: "a", key });
      const second = punts.add(span(key, "eth1"), { waitFor: "CREATED" });
      await Promise.allSettled([first, deleted]);
      t.is((await second).state, "CREATED");
      t.like((await punts.get({ cnf: "a", key }))!.request, { vppInterface: "eth1" });
    }
  });

test("a punt that is deleted before its addition is answered is not there afterwards", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  const added = punts.add(span("x"), { waitFor: "CREATED" });
  await punts.delete({ cnf: "a", key: "x" });
  await t.throwsAsync(added, { code: "ECANCELED" });
  t.deepEqual(await punts.list(), []);
});

test("a set and an update follow what was asked for before them", async (t) => {
  const { connect } = await daemonTest(t);
  const punts = await connect();
  const added = punts.add(span("x"));
  const updated = punts.update(span("x", "eth1"));
  const applied = punts.apply({ cnf: "a", punts: [span("y")] });
  await Promise.allSettled([added, updated]);
  t.deepEqual(
    (await applied).deleted.map(({ key }) => key),
    ["x"],
  );
  t.deepEqual(
    (await punts.list()).map(({ id }) => id.key),
    ["y"],
  );
});
