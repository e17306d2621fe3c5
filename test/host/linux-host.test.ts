// Network namespaces and devices of this machine.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { commandsOf, type IpChange } from "../../lib/host/ip-commands.js";
import { parseLinks } from "../../lib/host/ip-output.js";
import { LinuxHost } from "../../lib/punt/index.js";
import { need } from "../support/need.js";

test("a change becomes commands of ip, and a name cannot add a command", (t) => {
  const texts = (change: IpChange) => commandsOf(change).map((words) => words.join(" "));
  t.deepEqual(texts({ change: "set-link", name: "tap-a", up: true, mtu: 1400, master: "vrf1" }), [
    "link set dev tap-a mtu 1400",
    "link set dev tap-a master vrf1",
    "link set dev tap-a up",
  ]);
  t.deepEqual(texts({ change: "add-address", name: "tap-a", address: "fd00::1/64" }), [
    "address replace fd00::1/64 dev tap-a nodad",
  ]);
  t.throws(() => commandsOf({ change: "delete-link", name: "a\nlink delete dev eth0" }), { instanceOf: PuntError });
});

const onLinux = need("root", "netns", "ip", "nsenter");

onLinux.test("names that ip's batch mode would read otherwise name their own namespace and device", async (t) => {
  const host = new LinuxHost();
  const short = `punt-test-b${process.pid}`;
  for (const [index, odd] of ["#x", " x", "'x", '"x', "\\"].entries()) {
    const [name, other] = [`${short}${index}${odd}`, `${short}${index}`];
    for (const each of [name, other]) {
      execFileSync("ip", ["netns", "add", each]);
      t.teardown(() => execFileSync("ip", ["netns", "delete", each]));
    }
    const peer = `p${odd.replace(" ", "")}`;
    const path = `/run/netns/${name}`;
    const veth = { change: "add-veth", name: `vp-o${index}`, group: 4711, peer, peerMac: "02:fe:00:00:00:01" } as const;
    // At the same moment as another change, which goes on.
    const [odds, plain] = await Promise.allSettled([
      host.change("", { ...veth, peerNamespace: path }),
      host.change("", { ...veth, name: `vp-p${index}`, peer: "plain", peerNamespace: `/run/netns/${other}` }),
    ]);
    t.deepEqual([odds.status, plain.status], ["fulfilled", "fulfilled"], name);
    await host.change(path, { change: "set-link", name: peer, mtu: 1400, up: true });
    await host.change(path, { change: "add-address", name: peer, address: "10.0.0.1/24" });
    const namesIn = async (where: string) => (await host.links(where)).map((link) => link.name);
    t.true((await namesIn(path)).includes(peer), name);
    t.deepEqual((await namesIn(`/run/netns/${other}`)).sort(), ["lo", "plain"], name);
    await host.change(path, { change: "delete-link", name: peer });
    t.false((await namesIn(path)).includes(peer), name);
  }
});

onLinux.test("every change fails if ip cannot begin", async (t) => {
  const host = new LinuxHost();
  const changes = ["a", "b"].map((name) => host.change("/run/netns/none", { change: "delete-link", name }));
  t.deepEqual(
    (await Promise.allSettled(changes)).map(({ status }) => status),
    ["rejected", "rejected"],
  );
});

test("an address that glibc prints in another form is canonical", (t) => {
  const addr_info = [{ local: "::1.2.3.4", prefixlen: 64, scope: "global" }];
  const [link] = parseLinks(JSON.stringify([{ ifname: "tap-a", addr_info }]));
  t.deepEqual(link!.addresses, ["::102:304/64"]);
});

test("addresses that the kernel made, and leases, are left out", (t) => {
  const addr_info = [
    { local: "10.0.0.1", prefixlen: 24, scope: "global" },
    { local: "10.0.0.9", prefixlen: 24, scope: "global", dynamic: true },
    { local: "fe80::1", prefixlen: 64, scope: "link" },
  ];
  const [link] = parseLinks(
    JSON.stringify([{}, { ifname: "tap-a", flags: ["UP"], mtu: 1500, group: "77", addr_info }]),
  );
  t.like(link, { name: "tap-a", up: true, group: 77, master: "" });
  t.deepEqual(link!.addresses, ["10.0.0.1/24"]);
});

need("root", "netns", "ip", "nsenter").test(
  "veth pairs, addresses and MTU in another namespace, and what the kernel refuses",
  async (t) => {
    const name = `punt-test-${process.pid}`;
    const path = `/run/netns/${name}`;
    const host = new LinuxHost();
    t.is(await host.identify(path), undefined);
    execFileSync("ip", ["netns", "add", name]);
    t.teardown(() => execFileSync("ip", ["netns", "delete", name]));
    t.not(await host.identify(path), undefined);
    t.true((await host.namedNamespaces()).includes(path));

    const device = `vp-t${process.pid}`.slice(0, 15);
    await host.change("", {
      change: "add-veth",
      name: device,
      group: 4711,
      peer: "tap-test",
      peerNamespace: path,
      peerMac: "02:fe:00:00:00:01",
    });
    const [own] = (await host.links("")).filter((link) => link.name === device);
    t.like(own, { group: 4711, kind: "veth", up: true });
    t.regex(
      execFileSync("ip", ["-d", "-j", "link", "show", device], { encoding: "utf8" }),
      /"inet6_addr_gen_mode":"none"/,
    );
    t.true((await host.deviceNames(""))!.includes(device));
    t.is(await host.deviceNames(path), undefined, "a process in the namespace would be needed");
    const results = await Promise.allSettled([
      host.change(path, { change: "set-link", name: "tap-test", up: true, mtu: 1400 }),
      host.change(path, { change: "delete-address", name: "tap-test", address: "10.9.9.9/24" }),
      host.change(path, { change: "add-address", name: "tap-test", address: "10.0.0.1/24" }),
      host.change(path, { change: "add-address", name: "tap-test", address: "fd00::1/64" }),
    ]);
    t.deepEqual(
      results.map((result) => result.status),
      ["fulfilled", "rejected", "fulfilled", "fulfilled"],
    );
    const [peer] = (await host.links(path)).filter((link) => link.name === "tap-test");
    t.like(peer, { mac: "02:fe:00:00:00:01", mtu: 1400, up: true });
    t.deepEqual(peer!.addresses, ["10.0.0.1/24", "fd00::1/64"]);
    t.true(peer!.checksumOffload);
    await host.change(path, { change: "set-link", name: "tap-test", checksumOffload: false });
    t.false((await host.links(path)).find((link) => link.name === "tap-test")!.checksumOffload);
    const away = { change: "set-link", name: "tap-away", checksumOffload: false } as const;
    t.is(((await t.throwsAsync(host.change(path, away))) as PuntError).code, "ENODEV");
    await host.change("", { change: "delete-link", name: device });
    t.false((await host.links(path)).some((link) => link.name === "tap-test"));
  },
);

test("a namespace that cannot be looked at counts as missing, with a reason; a namespace that does not exist has none", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "vpp-punt-netns-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, "loop");
  await symlink(path, path);
  const host = new LinuxHost();
  t.is(await host.identify(path), undefined);
  t.deepEqual(host.explain(path), {
    kind: "namespace",
    text: `network namespace ${path}, which cannot be looked at (ELOOP)`,
    isUnknown: true,
  });
  await rm(path);
  t.is(await host.identify(path), undefined);
  t.is(host.explain(path), undefined);
});
