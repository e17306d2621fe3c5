// A session that ends before the manager has the punt that was requested in it.
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { bound } from "../../lib/daemon/service/punts.js";
import { Sessions } from "../../lib/daemon/sessions.js";
import { noSuchPunt } from "../../lib/punt/index.js";

test("a session that ends during the request for a punt deletes the punt afterwards", async (t) => {
  const id = { cnf: "dns", key: "item", label: "one" } as never;
  let isThere = false;
  const remove = async () => {
    if (!isThere) throw noSuchPunt("punt.delete", id);
    isThere = false;
  };
  const sessions = new Sessions({ memory: undefined, delete: remove, problem: () => {} });
  const session = sessions.open("dns", 0, "");
  session.ended.catch(() => {});
  const parts = { punts: { get: async () => undefined }, sessions } as never;
  const scope = { op: "punt.add", host: undefined } as never;
  await bound(parts, scope, [id], session.id, async () => {
    session.close();
    await sleep(50);
    isThere = true;
  });
  t.true(isThere);
  for (let waited = 0; isThere && waited < 5_000; waited += 20) await sleep(20);
  t.false(isThere);
});
