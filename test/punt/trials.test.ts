// The leftovers in VPP and Linux of a manager that is killed during a trial of devices.
import test from "ava";
import type { Host, HostChange } from "../../lib/host/index.js";
import type { Marks } from "../../lib/punt/interconnect/index.js";
import type { VppApi } from "../../lib/punt/items/index.js";
import { tryTap, tryVeth } from "../../lib/punt/reconcile/device-trial.js";
import { VppDevices } from "../../lib/punt/reconcile/vpp-devices.js";

const MARKS = { machineMark: "mark", deviceGroup: 7 } as Marks;

/** A VPP and a machine that keep devices, and stop answering before a trial removes its own. */
class Machine {
  readonly taps: string[] = [];
  readonly opened: string[] = ["other0"];
  readonly links: string[] = ["other0"];
  isKilled = true;
  readonly vpp = {
    has: () => true,
    dumpAll: async (name: string) => {
      if (name === "af_packet_dump") return this.opened.map((host_if_name) => ({ host_if_name }));
      if (this.isKilled && this.taps.length > 0) return new Promise(() => {});
      return this.taps.map((host_if_name, sw_if_index) => ({ host_if_name, sw_if_index }));
    },
    call: async (name: string, { host_if_name: device, sw_if_index: index }: Record<string, never>) => {
      if (name === "tap_create_v3") this.taps.push(device);
      if (name.startsWith("af_packet_create")) this.opened.push(device);
      if (name === "tap_delete_v2") this.taps.splice(index, 1);
      if (name === "af_packet_delete" && this.isKilled) return new Promise(() => {});
      if (name === "af_packet_delete") this.opened.splice(this.opened.indexOf(device), 1);
      return { sw_if_index: 1 };
    },
  } as unknown as VppApi;
  readonly host = {
    identify: async () => "here",
    links: async () => this.links.map((name) => ({ name })),
    change: async (_place: string, { change, name }: HostChange) => {
      if (change === "add-veth") this.links.push(name);
      if (change !== "delete-link") return;
      if (!this.links.includes(name)) throw new Error("no such link");
      this.links.splice(this.links.indexOf(name), 1);
    },
  } as unknown as Host;
}

test("a manager removes the devices that trials of a killed one have left, and no others", async (t) => {
  const machine = new Machine();
  const { vpp, host } = machine;
  const context = { vpp, host, marks: MARKS };
  void tryTap(context, "", [""]);
  void tryVeth(context, [""]);
  while (machine.opened.length < 2 || machine.taps.length < 1) await new Promise(setImmediate);
  machine.isKilled = false;
  await new Promise(setImmediate);
  machine.taps.push("tap0");
  const devices = new VppDevices({ ...context, vppNamespace: undefined });
  await devices.prepare(false);
  await devices.clean(["/run/netns/a"]);
  t.deepEqual(machine.taps, ["tap0"]);
  t.deepEqual([machine.opened, machine.links], [["other0"], ["other0"]]);
});
