// StoneWork's names, made by a manager with `naming: "stonework"`. The expected values come from StoneWork's own functions.
import test from "ava";
import { Interconnects } from "../../lib/punt/desired/interconnects.js";
import { marksOf } from "../../lib/punt/options.js";
import { type PuntRequestInput, parseRequest } from "../../lib/punt/request/index.js";
import { vppMac } from "../../lib/punt/types/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const id = { cnf: "c", key: "k", label: "l" };
const SPAN = { ...id, type: "SPAN", interconnect: "MEMIF", vppInterface: "eth0" } as const;
const HAIRPIN = {
  ...id,
  type: "HAIRPIN",
  interconnect: "TAP",
  vppInterface: "eth0",
  hairpinInterface: { name: "hp0", ipAddresses: ["10.7.0.1/24"] },
} as const;

function made(naming: "own" | "stonework", input: object) {
  const marks = marksOf({ naming });
  const all = new Interconnects(marks).assign(parseRequest(input, "test", "punt.add"), 0);
  return { all, macs: all.map((each) => vppMac(each, marks)) };
}

test("a memif has StoneWork's socket and secret", (t) => {
  const [like] = made("stonework", SPAN).all;
  t.like(like, { cnfSelector: "memif::wCqiu", socket: "/run/vpp-punt/memif/memif-wCqiu.sock", secret: "wCqiu" });
  const [own] = made("own", SPAN).all;
  t.is(own!.cnfSelector, "memif::neCBi");
  t.is(own!.secret!.length, 22);
});

test("a HAIRPIN's interface has the MAC address that follows from its name", (t) => {
  t.is(made("stonework", HAIRPIN).macs[1], "02:fd:41:2e:bf:97");
  t.is(made("own", HAIRPIN).macs[1], "02:fd:cf:1b:99:34");
  t.is(made("stonework", HAIRPIN).all[1]!.name, "hp0");
});

test("a manager with another owner cannot use StoneWork's names", (t) => {
  t.throws(() => marksOf({ naming: "stonework", owner: "other" }), { code: "ERR_OPTION", message: /naming/ });
  t.throws(() => marksOf({ naming: "neither" as "own" }), { code: "ERR_OPTION", message: /naming/ });
});

test("punts with StoneWork's names are made, found again by the next manager, and leave nothing", async (t) => {
  const managed = await managedVpp({ naming: "stonework" });
  t.teardown(() => managed.close());
  const requests: PuntRequestInput[] = [
    { ...HAIRPIN, hairpinInterface: { name: "hp0", ipAddresses: ["10.7.0.1/24"] }, vppInterface: "if0" },
    { ...SPAN, label: "span", vppInterface: "if1" },
  ];
  for (const request of requests) await managed.manager.add(request, { waitFor: "CREATED" });
  const before = await managed.vpp.cli("show interface");
  const next = await managed.restartManager();
  await next.resync();
  t.deepEqual((await next.plan()).steps, []);
  t.is(await managed.vpp.cli("show interface"), before);
  for (const { label = "" } of requests) await next.delete({ ...id, label });
  t.notRegex(await managed.vpp.cli("show interface"), /tap|memif/);
});
