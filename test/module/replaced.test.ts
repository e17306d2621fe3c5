// Two programs of one CNF, each with a session: the later one takes over.
import { once } from "node:events";
import test from "ava";
import { openPunt } from "../../lib/module/index.js";
import { daemonTest } from "../support/daemon/daemon.js";

test("a program that opens a session of the same CNF takes over its punt, and the earlier program gets the reason", async (t) => {
  const { socket, connect } = await daemonTest(t);
  const options = { socket, lifetime: "session", grace: 0 } as const;
  const first = await openPunt({ cnf: "dns", udp: 53 }, options);
  t.teardown(() => first.close());
  await first.ready();
  const second = await openPunt({ cnf: "dns", udp: 53 }, options);
  t.teardown(() => second.close());
  while (first.status.state !== "failed") await once(first, "status");
  t.like(first.status.reasons[0], { code: "ERR_REPLACED" });
  await second.ready();
  await first.close();
  const operator = await connect();
  t.like(await operator.get({ cnf: "dns" }), { state: "CREATED" });
  t.is(second.status.state, "ready");
});
