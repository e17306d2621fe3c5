// A daemon's knowledge of punts while its managers change.
import test from "ava";
import { Known } from "../../lib/cluster/known.js";
import { bareStatus } from "../../lib/cluster/status.js";
import { type PuntState, parseRequest } from "../../lib/punt/index.js";
import { span } from "../support/etcd/members.js";

const request = parseRequest(span("monitor"));
const of = (state: PuntState) => ({ ...bareStatus({ cnf: "monitor", key: "", label: "SPAN" }, request), state });

test("a watcher hears a change from the state in its snapshot, which a new manager saw before it had listeners", async (t) => {
  const known = new Known();
  const { id } = of("INIT");
  known.take({ id, from: undefined, to: "INIT", cause: "accepted", status: of("INIT") });
  t.is([...known.replaced([of("INIT")], [of("PENDING")])].length, 2);
  const watching = known.log.watch({}, () => [known.shown(of("PENDING"))]);
  t.like((await watching.next()).value, { kind: "snapshot" });
  known.take({ id, from: "PENDING", to: "CREATED", cause: "VPP has it", status: of("CREATED") });
  t.like((await watching.next()).value, { kind: "change", event: { from: "PENDING", to: "CREATED" } });
});
