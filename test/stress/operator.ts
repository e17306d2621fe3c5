// The operator of a VPP. It configures the needs of punts, and objects that a manager must leave alone. It configures them again at each
// start of VPP, like a startup configuration.
import type { Vpp } from "../../lib/binapi/index.js";
import type { Message } from "../support/vpp/tapped.js";

/** Interfaces that come and go: loopbacks by instance number. */
export const loopbacks = [0, 1];

/** The number of the foreign memif socket: no manager chooses one so low. */
const FOREIGN_SOCKET = 7;

export class Operator {
  readonly #client: Vpp;
  readonly #cards: readonly string[];
  readonly #directory: string;
  readonly #makesCards: boolean;
  readonly #addresses = new Map<string, Set<string>>();
  readonly #down = new Set<string>();
  readonly #loopbacks = new Set<number>(loopbacks);

  /**
   * @param makesCards whether to create the cards as interfaces of the packet generator with their names as tags, for a VPP without cards. A loopback
   * would not do: VPP mirrors nothing that one receives
   */
  constructor(client: Vpp, cards: readonly string[], directory: string, makesCards = false) {
    this.#client = client;
    this.#makesCards = makesCards;
    this.#cards = cards;
    this.#directory = directory;
    for (const [index, card] of cards.entries()) this.#addresses.set(card, new Set([`10.0.${index}.1/24`]));
    for (const instance of loopbacks) this.#addresses.set(`loop${instance}`, new Set([`10.1.${instance}.1/24`]));
  }

  /** Returns whether the interface exists, and whether it has an address. */
  has(name: string): { interface: boolean; address: boolean; up: boolean } {
    const there = this.#cards.includes(name) || this.#loopbacks.has(Number(/^loop(\d)$/.exec(name)?.[1] ?? -1));
    return {
      interface: there,
      address: there && (this.#addresses.get(name)?.size ?? 0) > 0,
      up: !this.#down.has(name),
    };
  }

  /** Configures a VPP that has just started. */
  async apply(): Promise<void> {
    for (const table_id of [1, 2, 4]) {
      for (const is_ip6 of [false, true]) {
        await this.#client.call("ip_table_add_del", { is_add: true, table: { table_id, is_ip6, name: "" } });
      }
    }
    if (this.#makesCards) for (const [index, card] of this.#cards.entries()) await this.#makeCard(10 + index, card);
    for (const instance of this.#loopbacks) await this.#makeLoopback(instance);
    for (const card of this.#cards) await this.#configure(card, await this.#index(card));
    await this.#applyForeign();
  }

  async setUp(card: string, up: boolean): Promise<void> {
    if (up) this.#down.delete(card);
    else this.#down.add(card);
    await this.#setFlags(card, await this.#index(card));
  }

  async setAddress(name: string, prefix: string, present: boolean): Promise<void> {
    const addresses = this.#addresses.get(name)!;
    if (!this.has(name).interface || addresses.has(prefix) === present) return;
    if (present) addresses.add(prefix);
    else addresses.delete(prefix);
    await this.#addAddress(await this.#index(name), prefix, present);
  }

  async setLoopback(instance: number, present: boolean): Promise<void> {
    if (this.#loopbacks.has(instance) === present) return;
    if (present) {
      this.#loopbacks.add(instance);
      await this.#makeLoopback(instance);
    } else {
      this.#loopbacks.delete(instance);
      await this.#client.call("delete_loopback", { sw_if_index: await this.#index(`loop${instance}`) });
    }
  }

  async #makeLoopback(instance: number): Promise<void> {
    const fields = { mac_address: `02:fb:00:00:00:0${instance}`, is_specified: true, user_instance: instance };
    const { sw_if_index } = await this.#client.call("create_loopback_instance", fields);
    await this.#configure(`loop${instance}`, sw_if_index);
  }

  async #makeCard(instance: number, tag: string): Promise<void> {
    const name = `pg${instance}`;
    await this.#client.call("cli_inband", { cmd: `create packet-generator interface ${name}` });
    const sw_if_index = await this.#index(name);
    const mac_address = `02:fb:00:00:00:${instance}`;
    await this.#client.call("sw_interface_set_mac_address", { sw_if_index, mac_address });
    await this.#client.call("sw_interface_tag_add_del", { is_add: true, sw_if_index, tag });
  }

  async #configure(name: string, sw_if_index: number): Promise<void> {
    await this.#setFlags(name, sw_if_index);
    for (const prefix of this.#addresses.get(name) ?? []) await this.#addAddress(sw_if_index, prefix, true);
  }

  async #setFlags(name: string, sw_if_index: number): Promise<void> {
    const flags = this.#down.has(name) ? [] : (["IF_STATUS_API_FLAG_ADMIN_UP"] as const);
    await this.#client.call("sw_interface_set_flags", { sw_if_index, flags });
  }

  async #addAddress(sw_if_index: number, prefix: string, is_add: boolean): Promise<void> {
    await this.#client.call("sw_interface_add_del_address", { sw_if_index, is_add, del_all: false, prefix });
  }

  async #index(name: string): Promise<number> {
    const fields = { sw_if_index: 0xffff_ffff, name_filter_valid: false, name_filter: "" };
    const details: Message[] = await this.#client.dumpAll("sw_interface_dump", fields);
    return details.find((detail) => detail.interface_name === name || detail.tag === name)!.sw_if_index;
  }

  /** Creates foreign objects of every kind that a manager creates. The manager must leave them alone. */
  async #applyForeign(): Promise<void> {
    const call = (name: string, fields: Message) => this.#client.call(name, fields);
    // The older versions of both messages, which all VPPs have.
    const socket = { is_add: true, socket_id: FOREIGN_SOCKET, socket_filename: `${this.#directory}/foreign.sock` };
    await call("memif_socket_filename_add_del", socket);
    const memif: Message = await call("memif_create", foreignMemif);
    await call("sw_interface_tag_add_del", { is_add: true, sw_if_index: memif.sw_if_index, tag: "foreign" });
    const acl: Message = await call("acl_add_replace", { acl_index: 0xffff_ffff, tag: "foreign", r: [] });
    const policy = {
      policy_id: 5,
      acl_index: acl.acl_index,
      tx_sw_if_index: memif.sw_if_index,
      dst_mac: "00:00:00:00:00:00",
    };
    await call("abx_policy_add_del", { is_add: 1, policy });
    await call("proxy_arp_add_del", { is_add: true, proxy: { table_id: 0, low: "10.77.0.0", hi: "10.77.0.255" } });
    await call("dhcp_proxy_config", {
      ...{ rx_vrf_id: 4, server_vrf_id: 4, is_add: true },
      ...{ dhcp_server: "172.16.0.1", dhcp_src_address: "172.16.0.2" },
    });
    const punt = {
      type: "PUNT_API_TYPE_L4",
      punt: { l4: { af: "ADDRESS_IP4", protocol: "IP_API_PROTO_UDP", port: 53 } },
    };
    await call("punt_socket_register", { header_version: 1, punt, pathname: `${this.#directory}/foreign-punt.sock` });
  }
}

const foreignMemif = {
  ...{ role: "MEMIF_ROLE_API_MASTER", mode: "MEMIF_MODE_API_ETHERNET", rx_queues: 1, tx_queues: 1, id: 1 },
  ...{ socket_id: FOREIGN_SOCKET, ring_size: 1024, buffer_size: 2048, no_zero_copy: false },
  ...{ hw_addr: "02:fa:00:00:00:01", secret: "" },
};
