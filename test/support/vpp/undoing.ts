// The changes by which an operator undoes by hand what managers have configured in VPP and in Linux.
import type { Vpp } from "../../../lib/binapi/index.js";
import type { Host, HostChange, HostLink } from "../../../lib/punt/index.js";
import { ALL, NamedVpp, OTHERS, SOCKET_TYPES } from "./named-vpp.js";
import type { Message } from "./tapped.js";

/** One thing that can be undone. */
export interface Undoing {
  readonly what: string;
  readonly undo: () => Promise<unknown>;
}

/** Lists what can be undone on the managers' devices in Linux. */
export async function hostUndoings(host: Host): Promise<Undoing[]> {
  const found: Undoing[] = [];
  for (const namespace of ["", ...(await host.namedNamespaces())])
    for (const link of await host.links(namespace))
      for (const change of undoingsOf(link))
        found.push({ what: `${namespace} ${JSON.stringify(change)}`, undo: () => host.change(namespace, change) });
  return found;
}

function undoingsOf({ name, kind, up, master, addresses }: HostLink): HostChange[] {
  const found: HostChange[] = addresses.map((address) => ({ change: "delete-address", name, address }));
  if (kind === "vrf") found.push({ change: "delete-link", name });
  if (up) found.push({ change: "set-link", name, up: false });
  if (master !== "") found.push({ change: "set-link", name, master: "" });
  return found;
}

/**
 * Lists what can be undone in VPP, in the same order in each run.
 *
 * @param kept the lines of a snapshot of VPP that are not the managers'
 */
export async function vppUndoings(vpp: Vpp, kept: readonly string[]): Promise<Undoing[]> {
  const reader = new Reader(vpp);
  await reader.readNames();
  const parts = [reader.interfaces(), reader.layer2(), reader.policies(), reader.layer3(), reader.unmarked()];
  const found = (await Promise.all(parts)).flat().filter(({ what }) => !kept.includes(what));
  return found.sort((left, right) => (left.what < right.what ? -1 : 1));
}

/** Undoes what carries no mark of its manager: it stays in VPP for good when a store has lost the claims on it. */
export async function removeUnmarked(vpp: Vpp, kept: readonly string[]): Promise<void> {
  for (const { what, undo } of await new Reader(vpp).unmarked()) if (!kept.includes(what)) await undo();
}

class Reader extends NamedVpp {
  /** An interconnect goes away or down. */
  async interfaces(): Promise<Undoing[]> {
    const memifs = await this.dump("memif_dump");
    const taps = await this.dump("sw_interface_tap_v2_dump", { sw_if_index: ALL });
    const afPackets = await this.dump("af_packet_dump");
    const ends = [
      ...memifs.map(({ sw_if_index: index }) => ({
        index,
        removal: ["memif_delete", { sw_if_index: index }] as const,
      })),
      ...taps.map(({ sw_if_index: index }) => ({ index, removal: ["tap_delete_v2", { sw_if_index: index }] as const })),
      ...afPackets.map(({ sw_if_index: index, host_if_name }) => ({
        ...{ index, removal: ["af_packet_delete", { host_if_name }] as const },
      })),
    ];
    const managed = ends.filter(({ index }) => !OTHERS.test(this.name(index)));
    return managed.flatMap(({ index, removal: [message, fields] }) => [
      this.undoing(`interface ${this.name(index)}`, message, fields),
      this.undoing(`up ${this.name(index)}`, "sw_interface_set_flags", { sw_if_index: index, flags: [] }),
    ]);
  }

  async layer2(): Promise<Undoing[]> {
    const spans = (
      await Promise.all([false, true].map((is_l2) => this.dump("sw_interface_span_dump", { is_l2 })))
    ).flat();
    const xconnects = await this.dump("l2_xconnect_dump");
    const isisx = await this.dump("isisx_connection_dump");
    return [
      ...xconnects.map((it) => {
        const what = `xconnect ${this.name(it.rx_sw_if_index)} ${this.name(it.tx_sw_if_index)}`;
        return this.undoing(what, "sw_interface_set_l2_xconnect", { ...it, enable: false });
      }),
      ...spans.map((it) => {
        const what = `span ${this.name(it.sw_if_index_from)} ${this.name(it.sw_if_index_to)} ${it.state} ${it.is_l2}`;
        return this.undoing(what, "sw_interface_span_enable_disable", { ...it, state: "SPAN_STATE_API_DISABLED" });
      }),
      ...isisx.map(({ connection }) => {
        const what = `isisx ${this.name(connection.rx_sw_if_index)} ${this.name(connection.tx_sw_if_index)}`;
        return this.undoing(what, "isisx_connection_add_del", { is_add: 0, connection });
      }),
    ];
  }

  /** VPP refuses to delete an ACL in use, and crashes where a policy of abf in use is deleted. */
  async policies(): Promise<Undoing[]> {
    const acls = await this.dump("acl_dump", { acl_index: ALL });
    const policies = await this.dump("abx_policy_dump");
    const attached = await this.dump("abx_interface_attach_dump");
    const attachedByAbf = await this.dump("abf_itf_attach_dump");
    const names = new Map(policies.map(({ policy: it }) => [it.policy_id, this.policyName(it)]));
    return [
      ...acls.map(({ acl_index, tag, r }) => this.undoing(`acl ${tag} ${JSON.stringify(r)}`, "acl_del", { acl_index })),
      ...policies.map(({ policy }) =>
        this.undoing(`abx ${this.policyName(policy)}`, "abx_policy_add_del", { is_add: 0, policy }),
      ),
      ...attached.map(({ attach }) => {
        const what = `abx-attach ${names.get(attach.policy_id)} ${this.name(attach.rx_sw_if_index)} ${attach.priority}`;
        return this.undoing(what, "abx_interface_attach_detach", { is_attach: 0, attach });
      }),
      ...attachedByAbf.map(({ attach }) => {
        const what = `abf-attach ${this.name(attach.sw_if_index)} ${attach.priority} ${attach.is_ipv6}`;
        return this.undoing(what, "abf_itf_attach_add_del", { is_add: false, attach });
      }),
    ];
  }

  async layer3(): Promise<Undoing[]> {
    const unnumbered = await this.dump("ip_unnumbered_dump", { sw_if_index: ALL });
    const answering = await this.dump("proxy_arp_intfc_dump");
    const neighbors = await this.staticNeighbors();
    return [
      ...unnumbered.map(({ sw_if_index, ip_sw_if_index }) => {
        const what = `unnumbered ${this.name(sw_if_index)} ${this.name(ip_sw_if_index)}`;
        const fields = { sw_if_index: ip_sw_if_index, unnumbered_sw_if_index: sw_if_index, is_add: false };
        return this.undoing(what, "sw_interface_set_unnumbered", fields);
      }),
      ...answering.map(({ sw_if_index }) => {
        const fields = { sw_if_index, enable: false };
        return this.undoing(`proxy-arp-on ${this.name(sw_if_index)}`, "proxy_arp_intfc_enable_disable", fields);
      }),
      ...neighbors.map((neighbor) => {
        const what = `neighbor ${this.name(neighbor.sw_if_index)} ${neighbor.ip_address} ${neighbor.mac_address}`;
        return this.undoing(what, "ip_neighbor_add_del", { is_add: false, neighbor });
      }),
    ];
  }

  async unmarked(): Promise<Undoing[]> {
    const ranges = await this.dump("proxy_arp_dump");
    const proxies = await Promise.all([false, true].map((is_ip6) => this.dump("dhcp_proxy_dump", { is_ip6 })));
    const sockets = await Promise.all(SOCKET_TYPES.map((type) => this.dump("punt_socket_dump", { type })));
    const servers = proxies.flat().flatMap(({ rx_vrf_id, dhcp_src_address, servers: all }) => {
      return all.map((server: Message) => ({ rx_vrf_id, dhcp_src_address, ...server }) as Message);
    });
    return [
      ...ranges.map(({ proxy }) => {
        const what = `proxy-arp ${proxy.table_id} ${proxy.low}-${proxy.hi}`;
        return this.undoing(what, "proxy_arp_add_del", { is_add: false, proxy });
      }),
      ...servers.map((it) => {
        const what = `dhcp-proxy ${it.rx_vrf_id} ${it.dhcp_server} ${it.dhcp_src_address}`;
        return this.undoing(what, "dhcp_proxy_config", { ...it, is_add: false });
      }),
      ...sockets.flat().map(({ punt, pathname }) => {
        return this.undoing(`punt-socket ${JSON.stringify(punt)} ${pathname}`, "punt_socket_deregister", { punt });
      }),
    ];
  }
}
