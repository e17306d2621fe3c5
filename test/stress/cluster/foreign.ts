// An operator's objects in a VPP, of the kinds that a manager makes: an interface, a memif, a mirror, an ACL and a registration.
import { join } from "node:path";
import type { Vpp } from "../../../lib/binapi/index.js";

export async function makeForeign(vpp: Vpp, directory: string): Promise<void> {
  const instance = { mac_address: "02:00:00:00:00:70", is_specified: true, user_instance: 7 };
  const { sw_if_index: loopback } = await vpp.call("create_loopback_instance", instance);
  const up = { sw_if_index: loopback, flags: ["IF_STATUS_API_FLAG_ADMIN_UP" as const] };
  await vpp.call("sw_interface_set_flags", up);
  const address = { sw_if_index: loopback, is_add: true, del_all: false, prefix: "10.99.0.1/24" };
  await vpp.call("sw_interface_add_del_address", address);
  const memif = await makeMemif(vpp, join(directory, "operator.sock"));
  const ends = { sw_if_index_from: loopback, sw_if_index_to: memif };
  await vpp.call("sw_interface_span_enable_disable", { ...ends, state: "SPAN_STATE_API_RX", is_l2: false });
  const rule = { is_permit: "ACL_ACTION_API_PERMIT", src_prefix: "0.0.0.0/0", dst_prefix: "0.0.0.0/0", proto: 6 };
  const ports = { srcport_or_icmptype_first: 0, srcport_or_icmptype_last: 0, dstport_or_icmpcode_first: 0 };
  const rest = { dstport_or_icmpcode_last: 0, tcp_flags_mask: 0, tcp_flags_value: 0 };
  const r = [{ ...rule, ...ports, ...rest }];
  await vpp.call("acl_add_replace", { acl_index: 0xffff_ffff, tag: "operator", r } as never);
  const l4 = { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: 7 } as const;
  const punt = { type: "PUNT_API_TYPE_L4", punt: { l4 } } as const;
  await vpp.call("punt_socket_register", { header_version: 1, punt, pathname: join(directory, "operator.punt") });
}

/** VPPs before 23.06 have the first version of these messages. */
async function makeMemif(vpp: Vpp, path: string): Promise<number> {
  const isOld = !vpp.has("memif_create_v2");
  const socket = { is_add: true, socket_id: 900, socket_filename: path };
  await vpp.call(isOld ? "memif_socket_filename_add_del" : "memif_socket_filename_add_del_v2", socket);
  const { sw_if_index } = await vpp.call(isOld ? "memif_create" : "memif_create_v2", {
    ...{ role: "MEMIF_ROLE_API_MASTER", mode: "MEMIF_MODE_API_ETHERNET", rx_queues: 1, tx_queues: 1, id: 3 },
    ...{ socket_id: 900, ring_size: 256, buffer_size: 2048, no_zero_copy: false, ...(!isOld && { use_dma: false }) },
    ...{ hw_addr: "02:00:00:00:00:77", secret: "operator" },
  } as never);
  return sw_if_index;
}
