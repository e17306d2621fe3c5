// A VPP whose interfaces and ACLs have names in place of indexes, for lines that are the same in each run.
import type { Vpp } from "../../../lib/binapi/index.js";
import type { Message } from "./tapped.js";

export const ALL = 0xffff_ffff;
export const SOCKET_TYPES = ["PUNT_API_TYPE_L4", "PUNT_API_TYPE_IP_PROTO", "PUNT_API_TYPE_EXCEPTION"];

/** Interfaces and ACLs that no manager has made: those of operators, and the hosts around a real VPP. */
export const OTHERS = /^(foreign|local0|loop\d|if\d|host-pt\S*)$/;

export class NamedVpp {
  readonly vpp: Vpp;
  /** The interfaces, as VPP lists them. */
  interfaceDetails: Message[] = [];
  readonly names = new Map<number, string>();
  readonly #acls = new Map<number, string>();

  constructor(vpp: Vpp) {
    this.vpp = vpp;
  }

  async readNames(): Promise<void> {
    const every = { sw_if_index: ALL, name_filter_valid: false, name_filter: "" };
    this.interfaceDetails = await this.dump("sw_interface_dump", every);
    for (const it of this.interfaceDetails) this.names.set(it.sw_if_index, it.tag || it.interface_name);
    for (const it of await this.dump("acl_dump", { acl_index: ALL })) this.#acls.set(it.acl_index, it.tag);
  }

  async dump(name: string, fields: Message = {}): Promise<Message[]> {
    return this.vpp.has(name) ? this.vpp.dumpAll(name, fields) : [];
  }

  name(index: number): string {
    return this.names.get(index) ?? `gone:${index}`;
  }

  policyName(policy: Message): string {
    return `${this.#acls.get(policy.acl_index)}>${this.name(policy.tx_sw_if_index)} ${policy.dst_mac}`;
  }

  /** The static neighbors of IPv4. */
  async staticNeighbors(): Promise<Message[]> {
    const found = await this.dump("ip_neighbor_dump", { sw_if_index: ALL, af: "ADDRESS_IP4" });
    return found.map(({ neighbor }) => neighbor).filter(({ flags }) => flags.includes("IP_API_NEIGHBOR_FLAG_STATIC"));
  }

  /** Returns a change by hand, which is made when its `undo` is called. */
  protected undoing(what: string, message: string, fields: Message): { what: string; undo: () => Promise<unknown> } {
    return { what, undo: () => this.vpp.call(message, fields) };
  }
}
