// The changes by which an operator alters by hand, and does not undo, what managers have configured in VPP.
import type { Vpp } from "../../../lib/binapi/index.js";
import { ALL, NamedVpp, OTHERS } from "./named-vpp.js";
import type { Message } from "./tapped.js";
import type { Undoing } from "./undoing.js";

const MAC = "02:00:00:00:be:ef";
/** A FIB table of the operator's, of both families, which simulated VPPs have too. */
export const OTHER_TABLE = 4;

/**
 * Lists what can be altered, in the same order in each run.
 *
 * @param other name of an interface of the operator's, to which things are turned
 */
export async function vppChanges(vpp: Vpp, other: string): Promise<Undoing[]> {
  const reader = new Reader(vpp);
  await reader.readNames();
  const target = reader.indexOf(other);
  const parts = [reader.interfaces(), reader.turned(target), reader.policies(target), reader.neighbors()];
  const found = (await Promise.all(parts)).flat();
  return found.sort((left, right) => (left.what < right.what ? -1 : 1));
}

class Reader extends NamedVpp {
  indexOf(name: string): number {
    return this.interfaceDetails.find((each) => each.interface_name === name)!.sw_if_index;
  }

  #isManaged(index: number): boolean {
    return !OTHERS.test(this.name(index));
  }

  /** The interconnects themselves. */
  interfaces(): Undoing[] {
    const ours = this.interfaceDetails.filter((each) => this.#isManaged(each.sw_if_index));
    return ours.flatMap(({ sw_if_index }) => {
      const name = this.name(sw_if_index);
      return [
        this.undoing(`mac ${name}`, "sw_interface_set_mac_address", { sw_if_index, mac_address: MAC }),
        this.undoing(`no tag ${name}`, "sw_interface_tag_add_del", { is_add: false, sw_if_index, tag: "" }),
      ];
    });
  }

  /** Cross-connects, mirrors and unnumbered interfaces that are turned to another interface. */
  async turned(target: number): Promise<Undoing[]> {
    const xconnects = await this.dump("l2_xconnect_dump");
    const spans = await this.dump("sw_interface_span_dump", { is_l2: false });
    const unnumbered = await this.dump("ip_unnumbered_dump", { sw_if_index: ALL });
    return [
      ...xconnects
        .filter((it) => this.#isManaged(it.rx_sw_if_index))
        .map((it) =>
          this.undoing(`xconnect ${this.name(it.rx_sw_if_index)}`, "sw_interface_set_l2_xconnect", {
            ...{ rx_sw_if_index: it.rx_sw_if_index, tx_sw_if_index: target, enable: true },
          }),
        ),
      ...xconnects.map((it) =>
        this.undoing(`layer 3 ${this.name(it.rx_sw_if_index)}`, "cli_inband", {
          cmd: `set interface l3 ${this.cliName(it.rx_sw_if_index)}`,
        }),
      ),
      ...spans.map((it) => {
        const state = it.state === "SPAN_STATE_API_RX" ? "SPAN_STATE_API_TX" : "SPAN_STATE_API_RX";
        return this.undoing(`span ${this.name(it.sw_if_index_from)}`, "sw_interface_span_enable_disable", {
          ...it,
          state,
        });
      }),
      ...unnumbered.flatMap(({ sw_if_index }) =>
        [false, true].map((is_ipv6) => ({
          what: `table of IPv${is_ipv6 ? 6 : 4} ${this.name(sw_if_index)}`,
          undo: async () => {
            await this.vpp.call("sw_interface_set_table", { sw_if_index, is_ipv6, vrf_id: OTHER_TABLE });
          },
        })),
      ),
      ...unnumbered.map((it) =>
        this.undoing(`unnumbered ${this.name(it.sw_if_index)}`, "sw_interface_set_unnumbered", {
          ...{ sw_if_index: target, unnumbered_sw_if_index: it.sw_if_index, is_add: true },
        }),
      ),
    ];
  }

  cliName(index: number): string {
    return this.interfaceDetails.find((each) => each.sw_if_index === index)!.interface_name;
  }

  async policies(target: number): Promise<Undoing[]> {
    const acls = await this.dump("acl_dump", { acl_index: ALL });
    const policies = await this.dump("abx_policy_dump");
    const attached = await this.dump("abx_interface_attach_dump");
    const isOurs = (tag: string) => !OTHERS.test(tag);
    return [
      ...acls
        .filter(({ tag }) => isOurs(tag))
        .map(({ acl_index, tag, r }) => {
          const rules = r.map((rule: Message) => ({ ...rule, src_prefix: "10.99.0.0/24", dst_prefix: "10.99.0.0/24" }));
          return this.undoing(`rules of acl ${tag}`, "acl_add_replace", { acl_index, tag, r: rules });
        }),
      ...policies
        .filter(({ policy }) => isOurs(this.policyName(policy).split(">")[0]!))
        .map(({ policy }) =>
          this.undoing(`abx ${this.policyName(policy)}`, "abx_policy_add_del", {
            ...{ is_add: 1, policy: { ...policy, tx_sw_if_index: target, dst_mac: MAC } },
          }),
        ),
      ...attached.map(({ attach }) => ({
        what: `priority of abx ${this.name(attach.rx_sw_if_index)} ${attach.priority}`,
        undo: async () => {
          await this.vpp.call("abx_interface_attach_detach", { is_attach: 0, attach });
          const other = { ...attach, priority: attach.priority + 7 };
          await this.vpp.call("abx_interface_attach_detach", { is_attach: 1, attach: other });
        },
      })),
    ];
  }

  async neighbors(): Promise<Undoing[]> {
    return (await this.staticNeighbors()).map((neighbor) =>
      this.undoing(`neighbor ${this.name(neighbor.sw_if_index)}`, "ip_neighbor_add_del", {
        ...{ is_add: true, neighbor: { ...neighbor, mac_address: MAC } },
      }),
    );
  }
}
