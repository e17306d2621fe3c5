// The wall clock is set by a day, forth and back: retries, looks, sessions, tokens and the audit log keep their intervals.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { Tokens } from "../../lib/daemon/tokens.js";
import { RemotePunts } from "../../lib/module/remote/index.js";
import type { PuntStatus } from "../../lib/punt/index.js";
import { daemonTest, ROOT } from "../support/daemon/daemon.js";
import { JUMP_MS, jumpingClock } from "../support/machine/jump.js";
import { until } from "../support/until.js";

const SPAN = { cnf: "mon", type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;

/** A daemon with an audit log, short intervals, and a client. */
async function place(t: ExecutionContext) {
  const manager = { retry: { firstDelay: 20, longestDelay: 40 }, resyncInterval: 50 };
  const running = await daemonTest(t, { manager });
  return { ...running, punts: await running.connect() };
}

for (const [name, ms] of [
  ["forth", JUMP_MS],
  ["back", -JUMP_MS],
] as const) {
  test.serial(`set ${name}: a failed step is tried again, and a look restores what was lost`, async (t) => {
    const jump = jumpingClock(t);
    const { vpp, punts } = await place(t);
    vpp.faults.add({
      message: "sw_interface_span_enable_disable",
      times: Infinity,
      action: { kind: "refuse", error: "UNSPECIFIED" },
    });
    await t.throwsAsync(punts.add(SPAN), { code: "VPP_UNSPECIFIED" });
    const [{ id }] = (await punts.list()) as [PuntStatus];
    jump(ms);
    vpp.faults.clear();
    await until(async () => (await punts.get(id))?.state === "CREATED");
    jump(ms);
    await vpp.crash();
    await until(async () => vpp.clients > 0 && (await punts.get(id))?.state === "CREATED");
    t.pass();
  });

  test.serial(
    `set ${name}: a session's punt stays while its program is there, and goes after the grace period`,
    async (t) => {
      const jump = jumpingClock(t);
      const { punts, socket } = await place(t);
      const program = new RemotePunts({ socket, session: { cnf: "brief", grace: 200 } });
      t.teardown(() => program.close());
      const { id } = await program.add({ ...SPAN, cnf: "brief" }, { waitFor: "CREATED" });
      jump(ms);
      await punts.add({ ...SPAN, cnf: "other", vppInterface: "eth1" }, { waitFor: "CREATED" });
      t.is((await punts.get(id))?.state, "CREATED");
      await program.close();
      jump(ms);
      await until(async () => (await punts.get(id)) === undefined);
      t.deepEqual(
        (await punts.list()).map((each: PuntStatus) => each.id.cnf),
        ["other"],
      );
    },
  );

  test.serial(`set ${name}: a session that was stored returns within its grace period`, async (t) => {
    const jump = jumpingClock(t);
    const running = await place(t);
    const program = new RemotePunts({ socket: running.socket, session: { cnf: "brief", grace: 60_000 } });
    t.teardown(() => program.close());
    const { id } = await program.add({ ...SPAN, cnf: "brief" }, { waitFor: "CREATED" });
    await running.daemon.close();
    jump(ms);
    await running.restart();
    await until(async () => (await program.get(id).catch(() => undefined))?.state === "CREATED");
    t.pass();
  });

  test.serial(`set ${name}: a token is good, and its time is that of the monotonic clock`, (t) => {
    const jump = jumpingClock(t);
    const tokens = new Tokens();
    const caller = { ...ROOT, groups: [], socket: "manager" } as unknown as Parameters<Tokens["give"]>[0];
    const token = tokens.give(caller, { cnf: "a", key: "b", label: "" });
    jump(ms);
    t.is(tokens.take(token, caller).id.cnf, "a");
  });
}

test.serial("the audit log has all calls in their order, with the times that the clock had", async (t) => {
  const jump = jumpingClock(t);
  const running = await daemonTest(t);
  const path = join(running.directory, "audit.log");
  await running.restart({ audit: path });
  const punts = await running.connect();
  for (const ms of [JUMP_MS, -2 * JUMP_MS, JUMP_MS]) {
    const { id } = await punts.add(SPAN);
    await punts.delete(id);
    jump(ms);
  }
  await running.daemon.close();
  const lines = readFileSync(path, "utf8").trim().split("\n");
  const entries = lines.map((line) => JSON.parse(line) as { call: string; time: string });
  const changes = entries.filter(({ call }) => /^(Add|Delete)$/i.test(call));
  t.deepEqual(
    changes.map(({ call }) => call.toLowerCase()),
    ["add", "delete", "add", "delete", "add", "delete"],
  );
  const times = changes.map(({ time }) => Date.parse(time));
  t.true(times[2]! - times[1]! > JUMP_MS / 2 && times[3]! - times[4]! > JUMP_MS / 2);
});
