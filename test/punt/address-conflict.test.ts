// An address that VPP refuses, as another interface has it: the error names both.
import test from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

function hairpin(...ipAddresses: string[]): PuntRequestInput {
  const hairpinInterface = { name: "inner", ipAddresses };
  return { cnf: "a", type: "HAIRPIN", interconnect: "MEMIF", vppInterface: "if0", hairpinInterface };
}

test("an address that another interface of the VRF has is named, with that interface", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  for (const [prefix, text] of [
    ["10.0.1.1/24", "10.0.1.1/24 is on if1 already"],
    ["10.0.2.9/16", "10.0.2.9/16 is in one subnet with 10.0.0.1/24 of if0"],
  ] as const) {
    const error = await t.throwsAsync(it.manager.add(hairpin(prefix), { waitFor: "CREATED" }), {
      code: "VPP_ADDRESS_IN_USE",
    });
    t.true(error!.message.includes(text), error!.message);
    t.false(error!.message.includes("-116"), error!.message);
    await it.manager.delete({ cnf: "a" });
  }
  // Another VRF has this one.
  await it.manager.add(hairpin("10.0.5.1/24"), { waitFor: "CREATED" });
});
