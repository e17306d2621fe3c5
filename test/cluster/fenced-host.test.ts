// The Linux side behind the fence of a lease: it answers as the host that it stands for.
import test from "ava";
import { fencedHost } from "../../lib/cluster/fence.js";
import type { Host } from "../../lib/punt/index.js";

test("a namespace that cannot be looked at is not gone for a daemon with etcd", async (t) => {
  const absence = {
    kind: "namespace",
    text: "network namespace /x, which cannot be looked at",
    isUnknown: true,
  } as const;
  const host: Pick<Host, "identify" | "explain"> = { identify: async () => undefined, explain: () => absence };
  const fenced = fencedHost(host as Host, undefined as never, undefined as never);
  t.is(await fenced.identify("/x"), undefined);
  t.deepEqual(fenced.explain?.("/x"), absence);
});
