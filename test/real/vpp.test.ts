// The harness of all tests on a real VPP.
import { existsSync } from "node:fs";
import { need } from "../support/need.js";
import { startVpp } from "../support/vpp/real.js";

const real = need("root", "vpp").test;

real("several VPPs run side by side, are killed and restarted, and leave nothing behind", async (t) => {
  const [one, other] = await Promise.all([startVpp(), startVpp({ without: ["abx_plugin.so"] })]);
  await one.configure("create loopback interface");
  t.regex(await one.cli("show interface"), /loop0/);
  t.notRegex(await other.cli("show interface"), /loop0/);
  t.notRegex(await other.cli("show plugins"), /abx_plugin/);

  await one.kill();
  await t.throwsAsync(one.cli("show interface"));
  await one.start();
  t.notRegex(await one.cli("show interface"), /loop0/, "a new VPP remembers nothing");

  const pids = [one.pid!, other.pid!];
  await Promise.all([one.stop(), other.stop()]);
  for (const pid of pids) t.false(existsSync(`/proc/${pid}`));
  for (const vpp of [one, other]) t.false(existsSync(vpp.directory));
});

real("a VPP that refuses its configuration is an error with VPP's message", async (t) => {
  const error = await t.throwsAsync(startVpp({ config: "no-such-section { x }" }));
  t.regex(error.message, /ended at its start:.*no-such-section/s);
});
