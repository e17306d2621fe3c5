// A connection that is lost at the end of a look: what the manager has read is of a VPP that is gone.
import test from "ava";
import { Gate } from "../support/gate.js";
import { managedVpp } from "../support/punt/managed-vpp.js";
import { until } from "../support/until.js";

const DNS = {
  ...({ cnf: "a", type: "PUNT_TO_SOCKET", interconnect: "AF_UNIX", socketPath: "/run/cnf/dns.sock" } as const),
  toHost: { af: "IPV4", protocol: "UDP", port: 53 },
} as const;

for (const readOnly of [false, true])
  test(`a look that ends after the connection says nothing of its punts${readOnly ? ", also in a manager that only looks" : ""}`, async (t) => {
    const it = await managedVpp({ resyncInterval: 60_000 });
    t.teardown(() => it.close());
    await it.manager.add(DNS, { waitFor: "CREATED" });
    const manager = readOnly ? await it.restartManager({ readOnly }) : it.manager;
    await until(() => manager.get({ cnf: "a" })?.state === "CREATED");
    const state = () => manager.get({ cnf: "a" })!.state;
    const gate = new Gate();
    t.teardown(() => gate.open());
    const dumpAll = it.client.dumpAll.bind(it.client) as (...all: unknown[]) => Promise<never>;
    it.client.dumpAll = async (...all: unknown[]) => {
      const details = await dumpAll(...all);
      if (all[0] === "l2_xconnect_dump") await gate.pass();
      return details;
    };
    const looked = t.throwsAsync(manager.resync(), { code: "ERR_DISCONNECTED" });
    await gate.arrived;
    // By then VPP has answered all questions of the look.
    for (let i = 0; i < 100; i++) await new Promise(setImmediate);
    await it.vpp.close();
    await until(() => state() === "PENDING");
    const said: string[] = [];
    const ending = new AbortController();
    const watching = (async () => {
      for await (const event of manager.watch({ signal: ending.signal }))
        if (event.kind === "change") said.push(event.event.to);
    })();
    gate.open();
    await looked;
    for (let i = 0; i < 100; i++) await new Promise(setImmediate);
    t.is(state(), "PENDING");
    ending.abort();
    await watching;
    t.deepEqual(said, []);
  });
