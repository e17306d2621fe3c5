// `vpp-punt doctor` looks into the network namespaces of this machine.
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examine } from "../../lib/cli/doctor/index.js";
import { need } from "../support/need.js";

need("root", "netns", "ethtool").test("a namespace of Linux is looked into", async (t) => {
  const name = `doctor-${process.pid}`;
  const ip = (...words: string[]) => execFileSync("ip", words);
  ip("netns", "add", name);
  t.teardown(() => ip("netns", "delete", name));
  ip("-n", name, "link", "add", "tap-abcde", "type", "veth", "peer", "name", "other");
  const looked = async () => {
    const checked = await examine({ vppSocket: join(tmpdir(), "no-vpp.sock") });
    const found = checked.flatMap((each) => each.findings).filter(({ what }) => what.includes(name));
    return found.map(({ remedy }) => remedy.replace(/, before .*/, ""));
  };
  const remedies = [
    `ip netns exec ${name} sysctl -w net.unix.max_dgram_qlen=512`,
    `ip netns exec ${name} ethtool -K tap-abcde tx off`,
  ];
  t.deepEqual(await looked(), remedies);
  for (const remedy of remedies) execFileSync("sh", ["-c", remedy]);
  t.deepEqual(await looked(), []);
});
