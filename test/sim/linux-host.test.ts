// The embedded VPP linked to this machine: real TAPs, real programs at their other end.
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { atEnd } from "../support/machine/at-end.js";
import { need } from "../support/need.js";
import { ApiClient } from "../support/vpp/api-client.js";
import { tapCreate } from "../support/vpp/api-values.js";
import { ADMIN_UP } from "../support/vpp/sim.js";

const run = promisify(execFile);

const tap = (namespace: string, name: string) =>
  tapCreate(namespace, name, {
    host_ip4_prefix_set: true,
    host_ip4_prefix: "10.99.0.2/24",
    host_ip6_prefix_set: true,
    host_ip6_prefix: "fd99::2/64",
    host_ip4_gw_set: true,
    host_ip4_gw: "10.99.0.1",
  });

need("root", "netns", "tun", "ping").test(
  "a TAP in a namespace: Linux pings VPP through it, IPv4 and IPv6",
  async (t) => {
    const namespace = `simtap${process.pid}`;
    await run("ip", ["netns", "add", namespace]);
    let removed = false;
    const remove = () => {
      if (!removed) execFileSync("ip", ["netns", "delete", namespace], { stdio: "pipe" });
      removed = true;
    };
    atEnd(remove);
    t.teardown(remove);
    await using vpp = await EmbeddedVpp.start({ host: "linux" });
    const api = await ApiClient.connect(vpp.apiSocket);
    const { retval, sw_if_index } = await api.call("tap_create_v3", tap(namespace, "vpp0"));
    t.is(retval, 0, (await vpp.log()).join("\n"));
    t.is((await api.call("tap_create_v3", tap("no-such-namespace", "vpp1"))).retval, -12);
    await api.call("sw_interface_set_flags", { sw_if_index, flags: ADMIN_UP });
    for (const prefix of ["10.99.0.1/24", "fd99::1/64"]) {
      await api.call("sw_interface_add_del_address", { sw_if_index, is_add: true, del_all: false, prefix });
    }
    const inside = (...command: string[]) => run("ip", ["netns", "exec", namespace, ...command], { timeout: 60_000 });
    const link = await inside("ip", "link", "show", "vpp0");
    t.regex(link.stdout, /mtu 1400/);
    t.regex(link.stdout, /02:fe:00:00:00:01/);
    for (const address of ["10.99.0.1", "fd99::1"]) {
      // After an answer, ping waits no longer for the next one than twice as long, or its interval.
      for (let i = 0; i < 3; i++) {
        const { stdout } = await inside("ping", "-c", "1", "-W", "30", address);
        t.regex(stdout, /, 0% packet loss/, address);
      }
    }
    await api.call("tap_delete_v2", { sw_if_index });
    await t.throwsAsync(inside("ip", "link", "show", "vpp0"));
    api.close();
  },
);
