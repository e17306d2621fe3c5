// The wall clock of a daemon is set by a day, forth and back: its lease, its term and its questions to etcd go on.
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, hasRole, Members, socketPunt, span } from "../support/etcd/members.js";
import { JUMP_MS, jumpingClock } from "../support/machine/jump.js";
import { need } from "../support/need.js";

need("etcd", "etcdctl").test.serial("the leader stays, and changes go on", async (t) => {
  const jump = jumpingClock(t);
  const members = await Members.start(t);
  const first = await members.join();
  await hasRole(first, "leader");
  const second = await members.join();
  await hasRole(second, "standby");
  const roles: string[] = [];
  for (const each of [first, second]) each.on("role", (role: string) => void roles.push(role));
  const { id } = await first.add(span("dns"), { waitFor: "CREATED" });
  for (const ms of [JUMP_MS, -2 * JUMP_MS, JUMP_MS]) {
    jump(ms);
    // Longer than the pause between two renewals of the lease.
    await sleep(4_000);
    const port = 1000 + Math.abs(ms % 97);
    const added = await second.add(socketPunt("radius", port, members.directory), { waitFor: "CREATED" });
    await first.delete(added.id);
    await eventually(() => second.get(added.id) === undefined);
  }
  t.deepEqual(roles, []);
  t.is(second.get(id)?.state, "CREATED");
  t.deepEqual(members.problems, []);
  await first.close();
  await hasRole(second, "leader");
  await eventually(() => second.get(id)?.state === "CREATED");
});
