// Interconnects over a veth pair, by af_packet.
import { isVethName } from "../interconnect/index.js";
import { AF_PACKET_CREATE, versionFor } from "./features.js";
import type { Variant } from "./interface-variant.js";
import { NO_DESCRIPTOR } from "./refusal.js";
import { vethKey } from "./veth.js";
import type { VppApi } from "./vpp-api.js";

export interface AfPacketInterface {
  readonly via: "af_packet";
  readonly name: string;
  readonly mac: string;
  /** VPP's end of the veth pair. */
  readonly device: string;
}

/** An af_packet interface. It is ours if its device has a name that only veth pairs of this manager have. */
export const afPacketVariant: Variant<AfPacketInterface> = {
  async observe({ vpp, marks, linksOf, ways }) {
    if (!vpp.has("af_packet_dump")) return new Map();
    const details = await vpp.dumpAll("af_packet_dump", {});
    const ours = details.filter((detail) => isVethName(marks.machineMark, detail.host_if_name));
    if (ours.length === 0) return new Map();
    const links = await linksOf(ways.vppNamespace ?? "", (name) => isVethName(marks.machineMark, name));
    const present = new Set(links.map(({ name }) => name));
    return new Map(
      ours.map(({ sw_if_index, host_if_name: device }) => [
        sw_if_index,
        { via: "af_packet", device: present.has(device) ? device : `${GONE}${device}` } as AfPacketInterface,
      ]),
    );
  },

  create: ({ vpp }, value) => createAfPacket(vpp, value),

  async delete({ vpp }, { value }) {
    await vpp.call("af_packet_delete", { host_if_name: nameOf(value) });
  },

  dependsOn: (value) => [vethKey(nameOf(value))],

  refusable: (value) => ({
    text: `VPP cannot open the device ${nameOf(value)}`,
    reasons: [NO_DESCRIPTOR, "its user lacks CAP_NET_RAW"],
  }),
};

/** Opens a device of VPP's network namespace. @returns the index of the interface */
export async function createAfPacket(
  vpp: VppApi,
  { mac, device }: Pick<AfPacketInterface, "mac" | "device">,
): Promise<number> {
  const fields = {
    hw_addr: mac,
    use_random_hw_addr: false,
    host_if_name: device,
    ...{ rx_frame_size: 0, tx_frame_size: 0, rx_frames_per_block: 0, tx_frames_per_block: 0 },
    num_rx_queues: 1,
  };
  // VPP 22.02 and 22.10 ignore the flags of version 2.
  if (versionFor(vpp, AF_PACKET_CREATE) === "af_packet_create_v2")
    return (await vpp.call("af_packet_create_v2", { ...fields, flags: 0 })).sw_if_index;
  const reply = await vpp.call("af_packet_create_v3", {
    ...fields,
    mode: "AF_PACKET_API_MODE_ETHERNET",
    // Linux leaves checksums to the device, and a veth pair omits them: VPP must know which packets lack one.
    flags: ["AF_PACKET_API_FLAG_QDISC_BYPASS", "AF_PACKET_API_FLAG_CKSUM_GSO"],
    num_tx_queues: 1,
  });
  return reply.sw_if_index;
}

/** Begins the name of a device that has gone. It was one end of a veth pair, and went with the namespace of the other end. */
const GONE = "gone:";

function nameOf({ device }: AfPacketInterface): string {
  return device.startsWith(GONE) ? device.slice(GONE.length) : device;
}
