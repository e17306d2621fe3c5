// Makes the objects of punts in VPP as StoneWork's agent makes them: with its tags, its ids of policies, and random MAC addresses at first.
import type { Vpp } from "../../../lib/binapi/index.js";
import type { InterconnectMetadata } from "../../../lib/punt/index.js";
import { tapFields } from "../../../lib/punt/items/index.js";
import { command, type Netns } from "../machine/netns.js";

const NONE = 0xffff_ffff;
const ZERO = "00:00:00:00:00:00";

/** FNV-1a, of which StoneWork takes the low 24 bits. */
function hash24(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash & 0xffffff;
}

export class StoneWorkMade {
  readonly #vpp: Vpp;
  #sockets = 0;
  #taps = 0;

  constructor(vpp: Vpp) {
    this.#vpp = vpp;
  }

  async indexOf(name: string): Promise<number> {
    const all = await this.#vpp.dumpAll("sw_interface_dump", { name_filter_valid: false, name_filter: "" });
    return all.find((detail) => detail.tag === name || detail.interface_name === name)!.sw_if_index;
  }

  /** The interface of an interconnect: random MAC addresses, the tag, then VPP's MAC address, and up. */
  async interface(made: InterconnectMetadata): Promise<number> {
    const { attachment, vppInterface } = made;
    const { name, mac } = vppInterface!;
    const index = attachment.kind === "memif" ? await this.#memif(attachment) : await this.#tap(name);
    await this.#finish(index, name, mac);
    return index;
  }

  async #finish(index: number, name: string, mac: string): Promise<void> {
    await this.#vpp.call("sw_interface_tag_add_del", { is_add: true, sw_if_index: index, tag: name });
    await this.#vpp.call("sw_interface_set_mac_address", { sw_if_index: index, mac_address: mac });
    await this.#vpp.call("sw_interface_set_flags", { sw_if_index: index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
  }

  async #tap(name: string): Promise<number> {
    const fields = { ...tapFields({ name, mac: ZERO, cnfMac: ZERO, namespace: "", gso: false }), use_random_mac: true };
    const reply = await this.#vpp.call("tap_create_v3", { ...fields, host_mac_addr_set: false, tag: "" });
    return reply.sw_if_index;
  }

  /**
   * The TAP of a CNF in a namespace of Linux. It begins in VPP's namespace with a name of the moment; the agent moves it, renames it and
   * gives it its MAC address, addresses and VRF.
   */
  async tapIn(cnf: Netns, made: InterconnectMetadata): Promise<number> {
    const { vppInterface, cnfInterface } = made;
    const { name, mac, addresses, vrf, vrfName } = cnfInterface!;
    const first = `swtmp${this.#taps++}`;
    const index = await this.#tap(first);
    await this.#finish(index, name, vppInterface!.mac);
    await command("ip", "link", "set", first, "netns", cnf.name);
    await cnf.ip("link", "set", first, "name", name, "address", mac);
    if (vrfName !== "" && !(await cnf.ip("link")).includes(`${vrfName}:`)) {
      await cnf.ip("link", "add", vrfName, "type", "vrf", "table", `${vrf}`);
      await cnf.ip("link", "set", vrfName, "up");
    }
    if (vrfName !== "") await cnf.ip("link", "set", name, "master", vrfName);
    for (const address of addresses) await cnf.ip("addr", "add", address, "dev", name);
    await cnf.ip("link", "set", name, "up");
    return index;
  }

  async #memif({ socket, secret }: { socket: string; secret: string }): Promise<number> {
    const v2 = this.#vpp.has("memif_create_v2");
    const file = { is_add: true, socket_id: 77 + this.#sockets++, socket_filename: socket };
    await this.#vpp.call(v2 ? "memif_socket_filename_add_del_v2" : "memif_socket_filename_add_del", file);
    const queues = { rx_queues: 1, tx_queues: 1, ring_size: 1024, buffer_size: 2048, no_zero_copy: false };
    const { sw_if_index } = await this.#vpp.call(v2 ? "memif_create_v2" : "memif_create", {
      ...{ role: "MEMIF_ROLE_API_MASTER", mode: "MEMIF_MODE_API_ETHERNET", id: 1, socket_id: file.socket_id },
      ...{ ...queues, ...(v2 && { use_dma: false }), hw_addr: ZERO, secret },
    } as never);
    return sw_if_index;
  }

  async span(from: string, to: number): Promise<void> {
    const ends = { sw_if_index_from: await this.indexOf(from), sw_if_index_to: to };
    await this.#vpp.call("sw_interface_span_enable_disable", { ...ends, state: "SPAN_STATE_API_RX_TX", is_l2: false });
  }

  async xconnect(one: string, other: number): Promise<void> {
    const index = await this.indexOf(one);
    for (const [rx, tx] of [
      [index, other],
      [other, index],
    ] as const)
      await this.#vpp.call("sw_interface_set_l2_xconnect", { rx_sw_if_index: rx, tx_sw_if_index: tx, enable: true });
  }

  async isisx(one: string, other: number): Promise<void> {
    const index = await this.indexOf(one);
    for (const [rx, tx] of [
      [index, other],
      [other, index],
    ] as const)
      await this.#vpp.call("isisx_connection_add_del", {
        is_add: 1,
        connection: { rx_sw_if_index: rx, tx_sw_if_index: tx },
      });
  }

  /** An interconnect that borrows the IPv4 addresses of an interface, and answers ARP for its subnet. VPP wants both in the same tables of both families. */
  async borrow(from: string, index: number, low: string, hi: string, vrf = 0): Promise<void> {
    const lender = await this.indexOf(from);
    if (vrf !== 0) await this.#vpp.call("sw_interface_set_table", { sw_if_index: index, is_ipv6: false, vrf_id: vrf });
    const ends = { sw_if_index: lender, unnumbered_sw_if_index: index };
    await this.#vpp.call("sw_interface_set_unnumbered", { ...ends, is_add: true });
    await this.#vpp.call("proxy_arp_add_del", { is_add: true, proxy: { table_id: vrf, low, hi } });
    await this.#vpp.call("proxy_arp_intfc_enable_disable", { sw_if_index: index, enable: true });
  }

  /** One direction of an ABX: the ACL, the policy and its attachment. */
  async abx(from: [string, number], to: [string, number], mac: string, rules: readonly object[], priority: number) {
    const tag = `abx/from/${from[0]}/to/${to[0]}`;
    const acl = await this.#vpp.call("acl_add_replace", { acl_index: NONE, tag, r: rules } as never);
    const policy = ((111 << 24) | hash24(tag)) >>> 0;
    await this.#vpp.call("abx_policy_add_del", {
      is_add: 1,
      policy: {
        policy_id: policy,
        acl_index: (acl as { acl_index: number }).acl_index,
        tx_sw_if_index: to[1],
        dst_mac: mac,
      },
    });
    const attach = { policy_id: policy, priority, rx_sw_if_index: from[1] };
    await this.#vpp.call("abx_interface_attach_detach", { is_attach: 1, attach });
  }

  async puntSocket(port: number, pathname: string): Promise<void> {
    const l4 = { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port } as const;
    await this.#vpp.call("punt_socket_register", {
      header_version: 1,
      punt: { type: "PUNT_API_TYPE_L4", punt: { l4 } },
      pathname,
    });
  }

  async dhcpProxy(index: number, vppAddress: string, server: string): Promise<void> {
    const address = { sw_if_index: index, is_add: true, del_all: false, prefix: `${vppAddress}/30` };
    await this.#vpp.call("sw_interface_add_del_address", address);
    const ends = { rx_vrf_id: 0, server_vrf_id: 0, dhcp_server: server, dhcp_src_address: vppAddress };
    await this.#vpp.call("dhcp_proxy_config", { ...ends, is_add: true });
  }
}
