// A change of an object that VPP keeps no mark of, in a message that is lost: the object is the manager's before and after.
import test from "ava";
import { managedVpp } from "../support/punt/managed-vpp.js";

const KEY = "punt-socket/l4/IPV4/53";
const punt = (socketPath: string) =>
  ({ cnf: "dns", type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 53 }, socketPath }) as const;

for (const [what, kind] of Object.entries({ "never reaches VPP": "cut-request", "is not answered": "cut" } as const))
  test(`the path of a punt socket is changed, also by a next manager, if the change ${what}`, async (t) => {
    const it = await managedVpp();
    t.teardown(() => it.close());
    await it.manager.add(punt("/run/before.sock"), { waitFor: "CREATED" });
    const claim = async () => (await it.store.load())?.claims[KEY];
    t.is(await claim(), "/run/before.sock");
    it.vpp.faults.add({ message: "punt_socket_register", nth: 1, action: { kind } });
    await it.manager.update(punt("/run/after.sock")).catch(() => {});
    await it.restartManager();
    const { state } = await it.manager.add(punt("/run/after.sock"), { waitFor: "CREATED" });
    t.is(state, "CREATED");
    const [found] = await it.client.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_L4" });
    t.is(found!.pathname, "/run/after.sock");
    await it.manager.resync();
    t.is(await claim(), "/run/after.sock");
    await it.manager.delete({ cnf: "dns" });
    t.deepEqual(await it.client.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_L4" }), []);
  });
