// `vpp-punt top`: rates and drops, from VPP itself and from a daemon.
import { text } from "node:stream/consumers";
import test, { type ExecutionContext } from "ava";
import { cli, end, type Site, SPAN, site, start } from "../support/cli/command.js";

/** A frame for every station, which SPAN copies. */
const FRAME = "ff".repeat(64);

/** A VPP with a SPAN of eth0, from which `count` frames were copied. */
async function copying(t: ExecutionContext, count: number): Promise<Site> {
  const here = await site(t, "--exec", "set interface state eth0 up");
  t.is((await here.punts("add", "--wait", SPAN.replace("}", ", direction: tx }"))).status, 0);
  await inject(here, count);
  return here;
}

async function inject(here: Site, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await cli(["inject", "--punt-socket", here.at("punt.sock"), "--interface", "eth0", FRAME], { env: here.env });
}

test("top --totals counts what went to the CNF, and what was lost for which cause", async (t) => {
  const here = await copying(t, 2);
  const { status, stdout } = await here.punts("top", "--totals", "--count", "1", "--json");
  t.is(status, 0);
  const { punts } = JSON.parse(stdout);
  // No CNF is attached: the memif loses the copies.
  t.like(punts[0], { id: { cnf: "monitor", key: "eth0", label: "" }, state: "CREATED", drops: { "tx error": 2 } });
  t.deepEqual(punts[0].toCnf, { packets: 2, bytes: 128 });
  t.deepEqual(punts[0].fromCnf, { packets: 0, bytes: 0 });
  const shown = await here.punts("top", "--totals", "--count", "1");
  t.regex(shown.stdout, /monitor\/eth0 +CREATED +memif\S+ +2 pkt 128B +0 pkt 0B +tx error 2/);
});

test("top prints rates until interrupted", async (t) => {
  const here = await copying(t, 1);
  const program = start(["top", "--interval", "100", ...here.options], here.env);
  const output = text(program.stdout!);
  await new Promise<void>((resolve) => program.stdout!.once("data", () => resolve()));
  t.deepEqual(await end(program, "SIGINT"), [0, null]);
  t.regex(await output, /rates a second\nPUNT +STATE +INTERFACE +TO CNF +FROM CNF +DROPS\nmonitor\/eth0 +CREATED/);
});

test("top says what is missing where VPP has no statistics", async (t) => {
  const here = await copying(t, 0);
  const { status, stderr } = await here.punts("top", "--count", "1", "--stats-socket", here.at("nowhere.sock"));
  t.is(status, 5);
  t.regex(stderr, /^stats.open: no VPP answers at the stats socket .*nowhere\.sock .*statseg.*--stats-socket names\n$/);
});

test("a daemon gives the same counters", async (t) => {
  const here = await site(t, "--exec", "set interface state eth0 up");
  const socket = here.at("manager.sock");
  const daemon = start(
    ["daemon", "--vpp", here.at("api.sock"), "--socket", socket, "--state", here.at("state"), ...here.options],
    {},
  );
  t.teardown(() => end(daemon, "SIGKILL"));
  const env = { VPP_PUNT_SOCKET: socket };
  while ((await cli(["list"], { env })).status !== 0) await new Promise((resolve) => setTimeout(resolve, 50));
  t.is((await cli(["add", "--wait", SPAN.replace("}", ", direction: tx }")], { env })).status, 0);
  await inject(here, 3);
  const { stdout } = await cli(["top", "--totals", "--count", "1", "--json"], { env });
  t.deepEqual(JSON.parse(stdout).punts[0].toCnf, { packets: 3, bytes: 192 });
});
