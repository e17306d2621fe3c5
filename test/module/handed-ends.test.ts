// The ends that a daemon hands over, without the daemon.
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { bindPuntSocket } from "../../lib/descriptor/index.js";
import { HandedEnds } from "../../lib/module/handed-ends.js";
import { testPunt } from "../../lib/testing/index.js";

test("ends are connected as soon as VPP's interfaces are known, also when these come after the ends", async (t) => {
  await using vpp = await testPunt({ type: "PUNT_TO_SOCKET", toHost: { af: "IPV4", protocol: "UDP", port: 53 } });
  const { attachment } = vpp.punt.metadata.interconnects[0]!;
  if (attachment.kind !== "af-unix") return t.fail("a punt socket is expected");
  const bound = bindPuntSocket({ path: `${attachment.path}.cnf`, vppPath: attachment.vppPath! });
  const interfaces = { size: 0, find: () => undefined, has: () => true, nameOf: () => undefined };
  let isHanded = false;
  const told: (readonly string[])[] = [];
  const ends = new HandedEnds({
    ...{ interfaces, options: {}, answers: undefined, onProblem: () => {} },
    onChange: () => told.push(ends.unconnected()),
    async handOver() {
      if (isHanded) return [];
      isHanded = true;
      return [{ kind: "socket", interconnect: 0, identity: "1", descriptor: bound }];
    },
  });
  t.teardown(() => ends.close());
  ends.update(vpp.punt);
  while (told.length === 0) await sleep(5);
  t.regex(told[0]![0]!, /VPP's interfaces are not known yet/);
  interfaces.size = 1;
  while (told.at(-1)!.length > 0) await sleep(20);
  t.deepEqual(told.at(-1), []);
});
