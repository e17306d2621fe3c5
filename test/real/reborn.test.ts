// Interfaces under punts that go, and come back at once or later, with the old index or another.
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import { LinuxHost, MemoryStore, PuntManager, type PuntRequestInput } from "../../lib/punt/index.js";
import { need } from "../support/need.js";
import { indexOf } from "../support/punt/layer3.js";
import { until } from "../support/until.js";
import { startVpp } from "../support/vpp/real.js";

const stock = need("root", "vpp", "plugin:abf").test.serial;
const real = need("root", "vpp", "plugin:abx").test.serial;
const NO_MAC = "00:00:00:00:00:00";

const span: PuntRequestInput = { cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "loop5" };
const abx: PuntRequestInput = {
  ...{ cnf: "a", type: "ABX", interconnect: "MEMIF", vppInterface: "loop5" },
  ...{ ingressAclRules: [{ protocol: "TCP" }], egressAclRules: [{ destinationNetwork: "224.0.0.0/4" }] },
};

/** Starts a VPP with the interfaces loop5 and loop6. */
async function begin(t: ExecutionContext, without: readonly string[] = []) {
  const vpp = await startVpp({ without });
  t.teardown(() => vpp.stop());
  const client = await Vpp.connect({ socketPath: vpp.apiSocket, wait: 5_000 });
  t.teardown(() => client.close());
  await vpp.configure("create loopback interface instance 5", "set interface state loop5 up");
  await vpp.configure("set interface ip address loop5 10.5.0.1/24", "create loopback interface instance 6");
  const manager = await PuntManager.start({
    ...{ vpp: client, store: new MemoryStore(), host: new LinuxHost(), owner: "reborn" },
    ...{ memifDirectory: join(vpp.directory, "memif"), resyncInterval: 1_000 },
    retry: { firstDelay: 100, longestDelay: 500 },
  });
  t.teardown(() => manager.close());
  const make = (user_instance: number) =>
    client.call("create_loopback_instance", { mac_address: NO_MAC, is_specified: true, user_instance });
  const setUp = (sw_if_index: number) => [
    client.call("sw_interface_set_flags", { sw_if_index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] }),
    client.call("sw_interface_add_del_address", { sw_if_index, is_add: true, del_all: false, prefix: "10.5.0.1/24" }),
  ];
  const remove = (sw_if_index: number) => client.call("delete_loopback", { sw_if_index });
  const features = async (name: string) => {
    const lines = (await vpp.cli(`show interface features ${name}`)).split("\n").map((line) => line.trim());
    return [...new Set(lines.filter((line) => /^(span|abx|abf)-/.test(line)))].sort().join(" ");
  };
  const memif = async () => /interface (memif\S+)/.exec(await vpp.cli("show memif"))?.[1] ?? "local0";
  /** The features of the punt on both of its interfaces. */
  const work = async () => `${await features("loop5")}, ${await features(await memif())}`;
  const becomes = (state: string) => until(() => manager.get({ cnf: "a" })!.state === state);
  return { vpp, client, manager, make, setUp, remove, work, becomes };
}

const variants: [string, typeof real, PuntRequestInput, string[]][] = [
  ["SPAN", need("root", "vpp").test.serial, span, []],
  ["ABX", real, abx, []],
  ["ABX by abf", stock, abx, ["abx_plugin.so"]],
];

for (const [name, declare, request, without] of variants) {
  declare(`${name} works on an interface that was deleted and made again at once`, async (t) => {
    const { client, manager, make, setUp, remove, work } = await begin(t, without);
    await manager.add(request, { waitFor: "CREATED" });
    const before = await work();
    t.regex(before, /(span|abx|abf)-/);
    const index = await indexOf(client, "loop5");
    // As `vppctl exec` of a file does, or any client that does not wait for each answer.
    await Promise.all([remove(index), make(5), ...setUp(index)]);
    t.is(await indexOf(client, "loop5"), index);
    await until(async () => (await work()) === before);
    await manager.resync();
    t.is(await work(), before);
    t.true(manager.get({ cnf: "a" })!.state !== "PENDING");
  });
}

for (const [name, declare, request, without] of variants.slice(1)) {
  for (const isSame of [false, true]) {
    const index = isSame ? "its old" : "another";
    declare(
      `${name} waits for an interface that was deleted, and works when it is back with ${index} index`,
      async (t) => {
        const { vpp, client, manager, make, setUp, remove, work, becomes } = await begin(t, without);
        await manager.add(request, { waitFor: "CREATED" });
        const before = await work();
        await remove(await indexOf(client, "loop5"));
        await becomes("PENDING");
        await manager.resync();
        t.truthy(vpp.pid, vpp.log());
        // VPP gives the index that was freed last first, and the memif's was freed after loop5's.
        if (isSame) await make(7);
        await make(5);
        await Promise.all(setUp(await indexOf(client, "loop5")));
        await until(async () => (await work()) === before);
        await manager.resync();
        t.is(await work(), before);
        t.true(manager.get({ cnf: "a" })!.state !== "PENDING");
      },
    );
  }
}

stock(
  "ABX by abf comes back after its memif was deleted, whatever the index of the next one, and can be deleted",
  async (t) => {
    const { vpp, client, manager, remove, work } = await begin(t, ["abx_plugin.so"]);
    await manager.add(abx, { waitFor: "CREATED" });
    const before = await work();
    const name = manager.list()[0]!.metadata.interconnects[0]!.vppInterface!.name;
    const [memif, loop6] = [await indexOf(client, name), await indexOf(client, "loop6")];
    // The next memif gets the index of loop6, which was freed last.
    await Promise.all([client.call("memif_delete", { sw_if_index: memif }), remove(loop6)]);
    await until(async () => (await work()) === before);
    await manager.resync();
    t.truthy(vpp.pid, vpp.log());
    t.true(manager.list()[0]!.failure === undefined);
    await t.notThrowsAsync(manager.delete({ cnf: "a" }, { timeout: 20_000 }));
  },
);
