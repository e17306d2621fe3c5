// A punt type beside those of the package. Only its schema and its handler are added.
import test from "ava";
import * as z from "zod";
import { type PuntRequest, type PuntRequestInput, requestJsonSchema } from "../../lib/punt/index.js";
import { interfaceLink } from "../../lib/punt/interconnect/index.js";
import { xconnectPart } from "../../lib/punt/items/index.js";
import { commonFields } from "../../lib/punt/request/index.js";
import { addPuntType, type TypeHandler } from "../../lib/punt/types/index.js";
import { isis } from "../support/frames.js";
import { Cnf, eventually } from "../support/punt/cnf-end.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const schema = z.strictObject({ type: z.literal("WIRE"), ...commonFields(), vppInterface: z.string() });
type WireRequest = z.output<typeof schema>;

/** Cross-connects an interface with an interconnect that borrows its addresses. */
const wire: TypeHandler<WireRequest & PuntRequest> = {
  multiplexes: false,
  needs: ({ vppInterface, enableGso }) => [
    {
      vppSelector: `vpp/interface/${vppInterface}`,
      link: interfaceLink({ gso: enableGso, unnumberedTo: vppInterface }),
    },
  ],
  reach: ({ vppInterface }) => ({ interfaces: [vppInterface] }),
  missing: ({ vppInterface: name }, facts) =>
    facts.interface(name)?.addresses?.length ? [] : [{ kind: "address", name, text: `an address on ${name}` }],
  items: ({ vppInterface }, [interconnect], { facts }) => [
    xconnectPart(facts.interface(vppInterface)!.id, interconnect!.name),
    xconnectPart(interconnect!.name, facts.interface(vppInterface)!.id),
  ],
};

addPuntType(schema, wire as never);

const request = { cnf: "a", type: "WIRE", interconnect: "MEMIF", vppInterface: "if0" } as unknown as PuntRequestInput;

test("a punt of a type from outside is CREATED, carries packets, and is gone after its deletion", async (t) => {
  const managed = await managedVpp();
  t.teardown(() => managed.close());
  const status = await managed.manager.add(request, { waitFor: "CREATED" });
  t.is(status.state, "CREATED");
  t.is(status.metadata.type as string, "WIRE");
  const cnf = await Cnf.open(status, managed.vpp);
  t.teardown(() => cnf.close());
  const frame = Buffer.concat([isis("02:aa:00:00:00:99"), Buffer.from("marker")]);
  t.true(
    await eventually(
      () => cnf.ends[0]!.received("marker") !== undefined,
      () => managed.vpp.interface("if0").inject(frame),
    ),
  );
  t.is((await managed.manager.plan()).toString(), "nothing to do");
  await managed.manager.delete({ cnf: "a" });
  t.is((await managed.manager.plan()).toString(), "nothing to do");
});

test("a punt of a type from outside waits for the addresses that it borrows", async (t) => {
  const managed = await managedVpp();
  t.teardown(() => managed.close());
  const sw_if_index = managed.vpp.interface("if1").swIfIndex;
  const change = { sw_if_index, is_add: false, del_all: false, prefix: "10.0.1.1/24" };
  await managed.client.call("sw_interface_add_del_address", change);
  const waiting = await managed.manager.add({ ...request, vppInterface: "if1" } as PuntRequestInput);
  t.is(waiting.state, "PENDING");
  await managed.client.call("sw_interface_add_del_address", { ...change, is_add: true });
  await managed.manager.resync();
  t.is(managed.manager.get({ cnf: "a" })?.state, "CREATED");
});

test("a punt of a type from outside is checked by its schema, conflicts by its selectors, and survives the manager", async (t) => {
  const managed = await managedVpp();
  t.teardown(() => managed.close());
  const bad = managed.manager.add({ ...request, vppInterface: 7 } as never);
  await t.throwsAsync(bad, { code: "ERR_INVALID_REQUEST", message: /vppInterface/ });
  await managed.manager.add(request, { waitFor: "CREATED" });
  const rival = { cnf: "b", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0" } as const;
  t.is((await managed.manager.add(rival)).state, "CREATED");
  const other = { ...rival, type: "ISISX" } as const;
  await t.throwsAsync(managed.manager.add({ ...other, cnf: "c" }), { code: "ERR_CONFLICT", message: /WIRE/ });
  const next = await managed.restartManager();
  await next.resync();
  t.is(next.get({ cnf: "a" })?.state, "CREATED");
  t.is((await next.plan()).toString(), "nothing to do");
  t.true(JSON.stringify(requestJsonSchema()).includes("WIRE"));
});
