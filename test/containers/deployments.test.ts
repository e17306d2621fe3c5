// VPP, the daemon and CNFs in real containers: all on one host, the daemon beside VPP, and all apart. Packets reach each CNF and come back.
import { existsSync } from "node:fs";
import { RemotePunts } from "../../lib/module/remote/index.js";
import { Deployment, type Kind, type Place } from "../support/containers/deployment.js";
import { need } from "../support/need.js";

const kinds: readonly { kind: Kind; needs: readonly string[] }[] = [
  { kind: "embedded", needs: ["tun"] },
  { kind: "real", needs: ["vpp", "plugin:abx"] },
];
const places: Readonly<Record<Exclude<Place, "compose">, string>> = {
  host: "VPP and the daemon on the host",
  beside: "the daemon beside VPP in one container",
  apart: "the daemon and VPP in containers of their own",
};

for (const { kind, needs } of kinds) {
  const here = need("root", "podman", "runc", "hosts", "python3", ...needs).test.serial;
  for (const place of Object.keys(places) as (keyof typeof places)[]) {
    here(`${places[place]}, ${kind} VPP: punt socket, TAP and memif of CNFs without any right`, async (t) => {
      const it = await Deployment.start(t, place, kind);
      const dns = it.startCnf("dns", { cnf: "dns", udp: 53 });
      const tap = it.startCnf("tap", it.abx("tap", "TAP", 7001));
      const memif = it.startCnf("memif", it.abx("memif", "MEMIF", 7002));
      t.is(await it.ask(53, "one", dns), "dns:one");
      t.is(await it.ask(7001, "two", tap), "tap:two");
      t.is(await it.ask(7002, "three", memif), "memif:three");
      const operator = new RemotePunts({ socket: it.socket });
      t.teardown(() => operator.close());
      const { devices } = await operator.info();
      const way = place === "apart" ? "move" : "open";
      const makesTaps = kind === "embedded" || existsSync("/dev/vhost-net");
      t.like(devices, { makesTaps, vpp: place === "apart" ? "other" : "own" });
      // A veth pair is made in the CNF's namespace: VPP opens none.
      t.deepEqual(Object.values(devices!.folders), makesTaps ? [way] : []);
    });
  }

  here(`${places.apart}, ${kind} VPP: a CNF, the daemon and VPP are replaced, and the punt stays`, async (t) => {
    const it = await Deployment.start(t, "apart", kind);
    const first = it.startCnf("first", it.abx("tap", "TAP", 7001));
    t.is(await it.ask(7001, "one", first), "first:one");
    await first.kill();
    const second = it.startCnf("second", it.abx("tap", "TAP", 7001));
    t.is(await it.ask(7001, "two", second), "second:two");
    await it.killDaemon();
    t.is(await it.ask(7001, "without a daemon", second), "second:without a daemon");
    await it.startDaemon();
    await it.killVpp();
    await it.startVpp();
    t.is(await it.ask(7001, "three", second), "second:three");
  });
}
