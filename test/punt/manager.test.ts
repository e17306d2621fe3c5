// The manager on an embedded VPP, for every type and interconnect.
import test from "ava";
import type { PuntError } from "../../lib/errors.js";
import type { PuntStatus } from "../../lib/punt/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";

for (const interconnect of ["TAP", "MEMIF"] as const) {
  for (const type of puntTypes) {
    test(`${type} over ${interconnect} is CREATED, read back, and gone after its deletion`, async (t) => {
      const it = await managedVpp();
      const before = await it.manager.plan();
      t.is(before.toString(), "nothing to do");
      const status = await it.manager.add(
        puntOf(type, { cnf: "cnf1", interconnect, subject: 0, unique: 1, folder: it.directory }),
      );
      t.is(status.state, "CREATED");
      t.is((await it.manager.plan()).toString(), "nothing to do");
      await it.manager.delete(status.id);
      t.is((await it.manager.plan()).toString(), "nothing to do");
      await it.close();
    });
  }
}

test("statuses, events and errors are their receivers' own: a request of a status may be changed and updated", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { id } = await it.manager.add({ cnf: "cnf1", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" });
  const heard: PuntStatus[] = [];
  it.manager.on("state", ({ status }) => heard.push(status));
  const { request } = it.manager.get(id)!;
  Object.assign(request, { vppInterface: "if1" });
  const updated = await it.manager.update(request, { waitFor: "CREATED" });
  t.like(updated.request, { vppInterface: "if1" });
  t.is(updated.metadata.interconnects[0]!.vppSelector, "vpp/span/interface/if1");
  const before = structuredClone(it.manager.list());
  for (const status of [updated, ...heard, ...it.manager.list()]) spoil(status);
  t.deepEqual(it.manager.list(), before);
  await it.manager.resync();
  t.is((await it.manager.plan()).toString(), "nothing to do");
  const waiting = it.manager.add(
    { cnf: "cnf2", type: "SPAN", vppInterface: "none" },
    { waitFor: "CREATED", timeout: 20 },
  );
  const error = (await t.throwsAsync(waiting)) as PuntError;
  spoil(error.details.id as object);
  t.deepEqual(
    it.manager.list().map((status) => status.id.cnf),
    ["cnf1", "cnf2"],
  );
});

/** Overwrites every text and empties every list. */
function spoil(value: object): void {
  for (const [name, part] of Object.entries(value)) {
    if (typeof part === "object" && part !== null) spoil(part);
    else if (typeof part === "string") Object.assign(value, { [name]: "spoilt" });
  }
  if (Array.isArray(value)) value.length = 0;
}
