// A punt that waits for the link of an interface: VPP's event tells of it, long before the next look.
import { join } from "node:path";
import test from "ava";
import { Memif } from "../../lib/memif/index.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

test("a link that comes makes the punts that wait for it", async (t) => {
  const it = await managedVpp({ resyncInterval: 600_000 });
  t.teardown(() => it.close());
  const { client, directory } = it;
  const socket = join(directory, "operator.sock");
  const added = await client.call("memif_socket_filename_add_del_v2", {
    is_add: true,
    socket_id: 0xffff_ffff,
    socket_filename: socket,
  });
  const { sw_if_index } = await client.call("memif_create_v2", {
    ...{ role: "MEMIF_ROLE_API_MASTER", mode: "MEMIF_MODE_API_ETHERNET", rx_queues: 1, tx_queues: 1, id: 0 },
    ...{ socket_id: added.socket_id, ring_size: 1024, buffer_size: 2048, no_zero_copy: false, use_dma: false },
    ...{ hw_addr: "02:00:00:00:00:55", secret: "" },
  });
  await client.call("sw_interface_set_flags", { sw_if_index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
  await client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag: "uplink" });
  const dependsOn = [{ kind: "link-up" as const, name: "uplink" }];
  const span = { cnf: "a", type: "SPAN", interconnect: "MEMIF", vppInterface: "if0", dependsOn } as const;
  const { missing } = await it.manager.add({ ...span, dependsOn: [...dependsOn] });
  t.deepEqual(
    missing.map(({ kind }) => kind),
    ["link-up"],
  );
  using _peer = Memif.open({ role: "client", socket, id: 0, secret: "", mode: "ethernet" });
  const status = await it.manager.add({ ...span, dependsOn: [...dependsOn] }, { waitFor: "CREATED" });
  t.is(status.state, "CREATED");
});
