// The manager on an embedded VPP, for every type and interconnect.
import test from "ava";
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
