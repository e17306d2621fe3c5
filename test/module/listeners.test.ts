// Listeners that throw: an open punt and a module under StoneWork go on, and the error surfaces outside of them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { openPunt } from "../../lib/module/index.js";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { StoneWorkModule } from "../../lib/stonework/index.js";
import { uncaughtDuring } from "../support/machine/uncaught.js";
import { callerOf } from "../support/stonework/caller.js";

const messages = (errors: unknown[]) => errors.map((error) => (error as Error).message);

test.serial("an open punt whose status listener throws becomes ready, and is closed, all the same", async (t) => {
  const vpp = await EmbeddedVpp.start({ interfaces: ["eth0"] });
  t.teardown(() => vpp.close());
  const punt = await openPunt({ cnf: "dns", udp: 53 }, { vpp });
  punt.on("status", () => {
    throw new Error("listener of status");
  });
  const caught = await uncaughtDuring(async () => {
    await punt.ready({ timeout: 10_000 });
    await punt.close();
  });
  t.deepEqual([...new Set(messages(caught))], ["listener of status"]);
});

test.serial("StoneWork's call succeeds, as the module has taken it, though a listener throws", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "vpp-punt-listeners-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const host = "127.0.0.1";
  const state = join(directory, "state.json");
  const module = await StoneWorkModule.start({ label: "mycnf", directory, address: host, host, state });
  const caller = callerOf(module.ports.grpc);
  t.teardown(async () => {
    caller.close();
    await module.close();
  });
  module.on("discovered", () => {
    throw new Error("listener of discovered");
  });
  const caught = await uncaughtDuring(async () => {
    const found = await caller.discovery.discoverCnf({ swIpAddress: host, swGrpcPort: 9111, swHttpPort: 9191 });
    t.is(found.cnfMsLabel, "mycnf");
  });
  t.deepEqual(messages(caught), ["listener of discovered"]);
});
