// Every type on a real VPP: created, read back, created again after VPP's restart, and deleted without a trace in VPP and Linux.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Vpp } from "../../lib/binapi/index.js";
import { LinuxHost, MemoryStore, PuntManager } from "../../lib/punt/index.js";
import { need } from "../support/need.js";
import { puntOf, puntTypes } from "../support/punt/punts.js";
import { type RealVpp, startVpp } from "../support/vpp/real.js";
import { snapshot } from "../support/vpp/snapshot.js";

/** Interfaces of the operator. Their tags are the names in punts. */
async function configure(vpp: RealVpp, client: Vpp): Promise<void> {
  for (const instance of [0, 1, 2, 3]) {
    await vpp.configure(`create loopback interface instance ${instance}`, `set interface state loop${instance} up`);
    await vpp.configure(`set interface ip address loop${instance} 10.0.${instance}.1/24`);
  }
  await vpp.configure(`set interface ip address loop0 fd00:0:0:1::1/64`);
  const details = await client.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
  for (const { interface_name, sw_if_index } of details) {
    const tag = interface_name.replace(/^loop/, "if");
    if (tag !== interface_name) await client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag });
  }
}

/** Devices in the manager's namespace that a punt may have created, with addresses. Other tests create other devices at the same time. */
function linuxState(): string[] {
  const links = execFileSync("ip", ["-brief", "address", "show"], { encoding: "utf8" }).split("\n");
  return links.filter((line) => /^(tap-|vp-|hairpin|vrf)/.test(line));
}

async function begin() {
  const vpp = await startVpp();
  const client = await Vpp.connect({ socketPath: vpp.apiSocket, wait: 5_000, reconnect: { min: 10, max: 100 } });
  await configure(vpp, client);
  const manager = await PuntManager.start({
    vpp: client,
    store: new MemoryStore(),
    host: new LinuxHost(),
    memifDirectory: join(vpp.directory, "memif"),
    owner: `test-${process.pid}`,
    resyncInterval: 1_000,
    retry: { firstDelay: 50, longestDelay: 500 },
  });
  const end = async () => {
    await manager.close();
    await client.close();
    await vpp.stop();
  };
  return { vpp, client, manager, end };
}

const { test } = need("root", "vpp", "ip");

for (const interconnect of ["TAP", "MEMIF"] as const) {
  test.serial(`over ${interconnect}, every type is made, made again after VPP's restart, and deleted`, async (t) => {
    const { vpp, client, manager, end } = await begin();
    try {
      for (const type of puntTypes) {
        const before = await snapshot(client);
        const linux = linuxState();
        const place = { cnf: "cnf1", interconnect, subject: 0, unique: 1, folder: vpp.directory };
        const request = puntOf(type, place);
        // A loopback receives nothing from a device that VPP could mirror.
        const asked = request.type === "SPAN" ? { ...request, direction: "tx" as const } : request;
        const { id, state } = await manager.add(asked, { waitFor: "CREATED", timeout: 60_000 });
        t.is(state, "CREATED", type);
        t.is((await manager.plan()).toString(), "nothing to do", type);
        const created = await snapshot(client);
        t.notDeepEqual(created, before, type);

        await vpp.restart("SIGKILL");
        await client.connected();
        await configure(vpp, client);
        await manager.add(asked, { waitFor: "CREATED", timeout: 60_000 });
        await manager.resync();
        t.deepEqual(await snapshot(client), created, `${type} after the restart`);

        await manager.delete(id);
        t.deepEqual(await snapshot(client), before, `${type} leaves nothing in VPP`);
        t.deepEqual(linuxState(), linux, `${type} leaves nothing in Linux`);
      }
    } finally {
      await end();
    }
  });
}
