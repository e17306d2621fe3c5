// A program that changes nothing makes no trial of devices: the TAPs that VPP has tell it that VPP makes some.
import { existsSync } from "node:fs";
import test from "ava";
import { defaultMemifDirectory, marksFor, SubnetPool } from "../../lib/punt/interconnect/index.js";
import { observe } from "../../lib/punt/reconcile/observe.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

test("a VPP that has a TAP makes TAPs, whatever this machine has", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const pools = { 4: new SubnetPool("192.168.111.0/24", 4), 6: new SubnetPool("fd76:7070:6e74::/112", 6) };
  const host = {
    ...{
      identify: async () => undefined,
      namedNamespaces: async () => [],
      links: async () => [],
      change: async () => {},
    },
  };
  const nothing = new Map<never, never>();
  const surroundings = {
    ...{ vpp: it.client, host, marks: marksFor("seen", defaultMemifDirectory("seen"), pools) },
    ...{ claims: nothing, notes: nothing },
    ways: { vppNamespace: undefined, makesTaps: undefined, refusal: undefined, opens: async () => false },
  };
  const scope = {
    ...{ namespaces: nothing, expectedIn: nothing, containers: new Set<string>(), multicast: false, bridges: false },
    ...{ interfaces: new Set<string>(), localHandlers: new Set<never>() },
  };
  const makesTaps = async () => (await observe(surroundings, scope)).features.has("vhost-net");
  t.is(await makesTaps(), existsSync("/dev/vhost-net"));
  await it.manager.add({ cnf: "a", type: "SPAN", interconnect: "TAP", vppInterface: "if0" }, { waitFor: "CREATED" });
  t.true(await makesTaps());
});
