// The network before VPP: two memifs of its operator. Packets for the machine come in by one, packets for others by the other.
import { join } from "node:path";
import type { Vpp } from "../../../lib/binapi/index.js";
import { Memif } from "../../../lib/memif/index.js";
import { within } from "../settling.js";

/** Number of VPP's table of memif sockets that the wires take. */
const SOCKET_ID = 900;

/** VPP's ends. */
export const WIRES = {
  host: { id: 0, tag: "wire-host", mac: "02:fe:00:00:00:00", address: "10.9.0.1" },
  passing: { id: 1, tag: "wire-passing", mac: "02:fe:00:00:00:01", address: undefined },
} as const;

const socketIn = (directory: string) => join(directory, "vpp/wires.sock");

/** Creates VPP's ends in a VPP that has just started. */
export async function makeWires(client: Vpp, directory: string): Promise<void> {
  await client.call("memif_socket_filename_add_del_v2", {
    ...{ is_add: true, socket_id: SOCKET_ID, socket_filename: socketIn(directory) },
  });
  for (const { id, tag, mac, address } of Object.values(WIRES)) {
    const { sw_if_index } = await client.call("memif_create_v2", {
      ...{ role: "MEMIF_ROLE_API_MASTER", mode: "MEMIF_MODE_API_ETHERNET", rx_queues: 1, tx_queues: 1 },
      ...{ id, socket_id: SOCKET_ID, ring_size: 1024, buffer_size: 2048, hw_addr: mac, secret: "" },
      ...{ no_zero_copy: false, use_dma: false },
    });
    await client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag });
    await client.call("sw_interface_set_flags", { sw_if_index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
    if (address !== undefined)
      await client.call("sw_interface_add_del_address", {
        ...{ sw_if_index, is_add: true, del_all: false, prefix: `${address}/24` },
      });
  }
}

/** The far ends. They come back after each start of VPP. */
export class Wires implements Disposable {
  readonly host: Memif;
  readonly passing: Memif;

  constructor(directory: string) {
    const open = ({ id }: { readonly id: number }) =>
      Memif.open({ role: "client", socket: socketIn(directory), id, reconnectMs: 20 });
    this.host = open(WIRES.host);
    this.passing = open(WIRES.passing);
  }

  async connected(): Promise<void> {
    const isConnected = async () => {
      while (this.host.peer === undefined || this.passing.peer === undefined)
        await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await within("VPP is at the wires", 60_000, isConnected());
  }

  [Symbol.dispose](): void {
    this.host.close();
    this.passing.close();
  }
}
