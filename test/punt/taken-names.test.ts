// A veth pair that stands in for a TAP, where a device has the name of one of its ends.
import test from "ava";
import { PuntError } from "../../lib/errors.js";
import { veth } from "../../lib/punt/items/veth.js";

const PAIR = { device: "vp-a", peer: "tap-a", peerMac: "02:fe:00:00:00:01", namespace: 1 };

const create = (devices: Readonly<Record<string, string>>) => {
  const host = {
    change: async () => {
      throw new PuntError("host.ip", "EEXIST", "ip link add name vp-a: RTNETLINK answers: File exists");
    },
    links: async (path: string) => (devices[path] === undefined ? [] : [{ name: devices[path], kind: "dummy" }]),
  };
  const context = { host, marks: { deviceGroup: 7 }, ways: {}, namespace: () => "/run/netns/cnf" };
  return () => veth.create(context as never, PAIR, "veth/vp-a");
};

test("a device that has the name of either end of a veth pair is reported with its namespace", async (t) => {
  const own = { code: "ERR_FOREIGN", message: /the manager's network namespace has a device vp-a already \(dummy\)/ };
  await t.throwsAsync(create({ "": "vp-a", "/run/netns/cnf": "eth0" }), own);
  const inCnf = { code: "ERR_FOREIGN", message: /namespace \/run\/netns\/cnf has a device tap-a already/ };
  await t.throwsAsync(create({ "": "eth0", "/run/netns/cnf": "tap-a" }), inCnf);
  await t.throwsAsync(create({}), { code: "EEXIST" });
});
