// SPAN: the CNF gets a copy of each packet of an interface, with the same bytes as a capture on the wire.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";

const real = need("root", "vpp", "hosts", "tcpdump").test.serial;

const ICMP = 1;
/** Reports whether a frame has ICMP in IPv4. The test sends only ICMP; the hosts send other packets of their own. */
const isIcmp = (frame: Uint8Array) => frame[12] === 8 && frame[13] === 0 && frame[23] === ICMP;
const hex = (frame: Uint8Array) => Buffer.from(frame).toString("hex");

/** Returns the frames of a pcap file that tcpdump wrote on this machine. */
function framesOf(file: string): Uint8Array[] {
  const bytes = readFileSync(file);
  const frames: Uint8Array[] = [];
  for (let at = 24; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    frames.push(bytes.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return frames;
}

for (const [direction, factor] of [
  ["both", 2],
  ["rx", 1],
  ["tx", 1],
] as const) {
  real(`a CNF in Node.js gets what a capture gets (SPAN ${direction}, MEMIF)`, async (t) => {
    const scenario = await Scenario.start(t);
    const { network, vpp } = scenario;
    const { host, vppInterface } = await network.neighbor("10.6.0");
    const punt = await scenario.add({ type: "SPAN", cnf: "probe", interconnect: "MEMIF", vppInterface, direction });
    const port = await scenario.memif(punt);
    const mirrored: string[] = [];
    port.receive((batch) => {
      for (let i = 0; i < batch.length; i++) if (isIcmp(batch.view(i))) mirrored.push(hex(batch.view(i)));
    });
    const file = join(vpp.directory, "capture.pcap");
    const filter = { both: ["icmp"], rx: ["icmp[0]", "==", "8"], tx: ["icmp[0]", "==", "0"] }[direction];
    const capture = host.daemon("tcpdump", "-i", "eth0", "-U", "-w", file, "-Z", "root", "--immediate-mode", ...filter);
    await capture.says(/listening on/);

    for (const size of ["0", "56", "1472"]) {
      await host.run("ping", "-c", "5", "-i", "0.1", "-s", size, "10.6.0.1");
    }
    const expected = 3 * 5 * factor;
    await until(
      "the capture",
      () => framesOf(file).length >= expected,
      () => capture.output,
    );
    await until(
      "the copies",
      () => mirrored.length >= expected,
      () => `${mirrored.length} of ${expected}`,
    );
    t.deepEqual(mirrored.sort(), framesOf(file).map(hex).sort());
    t.log(`${mirrored.length} copies of ${expected} packets`);
  });
}

real("a capture on the CNF's TAP is the capture on the wire; two punts share it, the last one ends it", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp, manager } = scenario;
  const { host, vppInterface } = await network.neighbor("10.6.1");
  const cnf = await network.host();
  const request = { type: "SPAN", cnf: "probe", interconnect: "TAP", netns: { name: cnf.name }, vppInterface } as const;
  const punt = await scenario.add({ ...request, key: "1" });
  const second = await scenario.add({ ...request, key: "2" });
  t.true(second.metadata.interconnects[0]!.shared);
  const device = punt.metadata.interconnects[0]!.cnfInterface!.name;

  const files = ["wire.pcap", "tap.pcap"].map((name) => join(vpp.directory, name));
  const captures = [host, cnf].map((at, index) => {
    const on = index === 0 ? "eth0" : device;
    return at.daemon("tcpdump", "-i", on, "-U", "-w", files[index]!, "-Z", "root", "--immediate-mode", "icmp");
  });
  for (const capture of captures) await capture.says(/listening on/);
  t.is(await host.ping("10.6.1.1", 5), 5);
  await until("both captures", () => files.every((file) => framesOf(file).length >= 10));
  const [wire, tap] = files.map((file) => framesOf(file).map(hex).sort());
  t.deepEqual(tap, wire);

  await manager.delete(punt.id);
  t.is(await host.ping("10.6.1.1", 2), 2);
  await until("copies for the other punt", () => framesOf(files[1]!).length >= 14);
  await manager.delete(second.id);
  t.notRegex(await vpp.cli("show interface span"), /host-/);
});

for (const [mode, commands] of [
  ["cross-connects", (one: string, other: string) => [`xconnect ${one} ${other}`, `xconnect ${other} ${one}`]],
  ["bridges", (one: string, other: string) => [`bridge ${one} 7`, `bridge ${other} 7`]],
] as const) {
  real(`a CNF gets the copies of an interface that an operator ${mode} (SPAN, MEMIF)`, async (t) => {
    const scenario = await Scenario.start(t);
    const { network, vpp } = scenario;
    const [one, other] = [await network.host(), await network.host()];
    const vppInterface = await network.link(one, { addresses: ["10.6.2.1/24"] });
    const beside = await network.link(other, { addresses: ["10.6.2.2/24"] });
    await vpp.configure(...commands(vppInterface, beside).map((command) => `set interface l2 ${command}`));
    const port = await scenario.memif(
      await scenario.add({ type: "SPAN", cnf: "probe", interconnect: "MEMIF", vppInterface }),
    );
    let mirrored = 0;
    port.receive((batch) => {
      for (let i = 0; i < batch.length; i++) if (isIcmp(batch.view(i))) mirrored++;
    });
    t.is(await one.ping("10.6.2.2", 5), 5);
    await until(
      "the copies",
      () => mirrored >= 10,
      () => `${mirrored} of 10`,
      5,
    );
    t.is(mirrored, 10);
    await vpp.configure(`set interface l3 ${vppInterface}`, `set interface l3 ${beside}`);
  });
}

real("a bond's packets are mirrored only while its members are mirrored too, and its punt says so", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp } = scenario;
  const { host, vppInterface: member } = await network.neighbor("10.6.2");
  await vpp.configure(
    `set interface ip address del ${member} 10.6.2.1/24`,
    "create bond mode active-backup",
    `bond add BondEthernet0 ${member}`,
    "set interface state BondEthernet0 up",
    "set interface ip address BondEthernet0 10.6.2.1/24",
  );
  await scenario.keep();
  const request = { type: "SPAN", interconnect: "MEMIF", direction: "rx" } as const;
  const bond = await scenario.add({ ...request, cnf: "bond", vppInterface: "BondEthernet0" });
  t.deepEqual(
    bond.reasons.map(({ code }) => code),
    ["NO_DEVICE"],
  );
  let mirrored = 0;
  (await scenario.memif(bond)).receive((batch) => {
    for (let i = 0; i < batch.length; i++) if (isIcmp(batch.view(i))) mirrored++;
  });
  // The first ping finds the bond's MAC address.
  await host.run("ping", "-c", "3", "-i", "0.2", "-W", "5", "10.6.2.1");
  t.is(mirrored, 0);
  await scenario.add({ ...request, cnf: "member", vppInterface: member });
  await host.run("ping", "-c", "3", "-i", "0.2", "-W", "5", "10.6.2.1");
  await until(
    "the copies",
    () => mirrored === 3,
    () => `${mirrored} of 3`,
  );
  t.pass();
});
