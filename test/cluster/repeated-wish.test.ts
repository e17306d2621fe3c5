// A wish that a program writes again as it is: the status that etcd has answers it.
import { eventually, hasRole, Members, span } from "../support/etcd/members.js";
import { need } from "../support/need.js";

const withEtcd = need("etcd", "etcdctl").test.serial;

withEtcd("a wish that is written again with the same request stays CREATED for an operator", async (t) => {
  const members = await Members.start(t);
  const operator = await members.operator();
  const daemon = await members.join();
  await hasRole(daemon, "leader");
  const { id } = await operator.add(span("monitor"), { waitFor: "CREATED" });
  const [key, value] = members.etcd.ctl("get", "--prefix", "/vpp-punt/wanted/h1/monitor").trim().split("\n");
  members.etcd.ctl("put", key!, value!);
  await eventually(async () => {
    const status = await operator.get(id);
    return status?.state === "CREATED" && status.missing.length === 0;
  });
  t.is((await operator.get(id))?.state, "CREATED");
});
