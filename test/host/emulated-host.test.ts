// The emulated Linux side: what a device is after it was moved to another namespace.
import test from "ava";
import { EmulatedHost } from "../../lib/host/emulated-host.js";

const TAP = { name: "tap0", namespace: "", mac: "02:fe:00:00:00:01", ifIndex: 3, mtu: 9000 };

test("a device that is moved is in its new namespace alone, down, and without addresses", async (t) => {
  const mtus: unknown[] = [];
  const host = new EmulatedHost({
    hostInterfaces: async ({ name, namespace } = {}) =>
      [TAP].filter((each) => (name ?? each.name) === each.name && (namespace ?? each.namespace) === each.namespace),
    setHostMtu: async (...change) => void mtus.push(change),
  });
  await host.change("", { change: "set-link", name: "tap0", up: true });
  await host.change("", { change: "add-address", name: "tap0", address: "10.0.0.1/24" });
  await host.change("", { change: "move-link", name: "tap0", to: "/run/netns/a" });
  t.deepEqual(await host.links(""), []);
  const [moved] = await host.links("/run/netns/a");
  t.like(moved, { name: "tap0", mac: TAP.mac, mtu: 9000, up: false, addresses: [] });
  await t.throwsAsync(host.change("", { change: "set-link", name: "tap0", up: true }), { code: "ENOENT" });
  await host.change("/run/netns/a", { change: "set-link", name: "tap0", up: true, mtu: 1500 });
  t.like((await host.links("/run/netns/a"))[0], { up: true, mtu: 1500 });
  t.deepEqual(mtus, [["tap0", 1500, ""]], "VPP knows the device by the place where it made it");
  await host.change("/run/netns/a", { change: "add-vrf", name: "vrf1", table: 1, group: 7 });
  await host.change("/run/netns/a", { change: "set-link", name: "tap0", master: "vrf1" });
  await host.change("/run/netns/a", { change: "delete-link", name: "vrf1" });
  t.like((await host.links("/run/netns/a"))[0], { name: "tap0", master: "" }, "a VRF's members lose their master");
  host.setNamespace("/run/netns/gone", false);
  const gone = host.change("/run/netns/a", { change: "move-link", name: "tap0", to: "/run/netns/gone" });
  await t.throwsAsync(gone, { code: "ENOENT" });
});
