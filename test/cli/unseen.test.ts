// Commands beside a program that manages the same VPP: its punts are in no store that they read.
import test, { type ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { DEFAULT_OWNER, PuntManager } from "../../lib/punt/index.js";
import { end, type Site, SPAN, site, start } from "../support/cli/command.js";
import { until } from "../support/until.js";

const SAID = new RegExp(
  `^vpp-punt: process ${process.pid} manages the punts of the owner ${DEFAULT_OWNER} in this VPP, and they are not shown here: stop it, start the daemon .*\n$`,
);

/** Manages the VPP of `site` in this process, with the punt `echo`. Returns what ends it. */
async function manage(t: ExecutionContext, site: Site): Promise<() => Promise<void>> {
  const vpp = await Vpp.connect({ socketPath: site.at("api.sock") });
  const manager = await PuntManager.start({ vpp, memifDirectory: site.at("memif") });
  const stop = async () => {
    await manager.close();
    await vpp.close();
  };
  t.teardown(stop);
  const echo = { type: "SPAN", cnf: "echo", interconnect: "MEMIF", vppInterface: "eth1" } as const;
  await manager.add(echo, { waitFor: "CREATED" });
  return stop;
}

test("commands say that a program manages VPP, whose punts they do not show", async (t) => {
  const vpp = await site(t);
  t.is((await vpp.punts("list")).stderr, "");
  const stop = await manage(t, vpp);
  for (const args of [["list"], ["list", "--json"], ["top", "--totals", "--count", "1"], ["wait"]]) {
    const { status, stdout, stderr } = await vpp.punts(...args);
    t.is(status, 0, stderr);
    t.regex(stdout, /no punts|"punts": \[\]/);
    t.regex(stderr, SAID, args.join(" "));
  }
  const other = await vpp.punts("list", "--owner", "other");
  t.is(other.stderr, "", "another owner has a manager of its own");
  await stop();
  t.is((await vpp.punts("list")).stderr, "");
});

test("a punt that is not there may be one of the program's: the error says so, on one line", async (t) => {
  const vpp = await site(t);
  await manage(t, vpp);
  for (const args of [
    ["show", "echo"],
    ["explain", "echo"],
    ["dump", "echo"],
  ]) {
    const { status, stderr } = await vpp.punts(...args);
    t.is(status, 1);
    t.regex(stderr, /^punt\.\w+: there is no punt echo \(ERR_NO_SUCH_PUNT\)\. Process \d+ manages the punts .*\n$/);
  }
  const asJson = await vpp.punts("show", "echo", "--json");
  t.regex(JSON.parse(asJson.stderr).error.remedy, /^Process \d+ manages the punts /);
  const waited = await vpp.punts("wait", "echo", "--timeout", "10");
  t.regex(waited.stderr, /^punt\.wait: .*there is no punt echo .*Process \d+ manages the punts .*\n$/);
});

test("plan says of objects that it would delete that they may be the program's", async (t) => {
  const vpp = await site(t);
  await manage(t, vpp);
  const { stdout, stderr } = await vpp.punts("plan", await vpp.file([SPAN]));
  t.regex(
    stdout,
    new RegExp(`^- span/eth1/.*\\(ours, and no punt wants it; it may be of process ${process.pid}\\)$`, "m"),
  );
  t.regex(stderr, SAID);
});

test("a watch over the same store has the punts that are shown", async (t) => {
  const vpp = await site(t);
  t.is((await vpp.punts("apply", await vpp.file([SPAN]))).status, 0);
  const watch = start(["watch", ...vpp.options], vpp.env);
  t.teardown(() => end(watch, "SIGKILL"));
  watch.stderr!.resume();
  let said = "";
  watch.stdout!.on("data", (bytes) => {
    said += bytes;
  });
  await until(() => said.includes("CREATED"));
  t.deepEqual((await vpp.punts("list")).stderr, "");
  t.regex(
    (await vpp.punts("list", "--store", vpp.at("other.json"))).stderr,
    new RegExp(`process ${watch.pid} manages`),
  );
  // A killed manager may stay in VPP's list for a while.
  await end(watch, "SIGKILL");
  t.is((await vpp.punts("list", "--store", vpp.at("other.json"))).stderr, "");
});
