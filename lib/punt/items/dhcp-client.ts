// VPP's DHCP clients on interconnects.
import type { DhcpClient as DhcpClientConfig } from "../../binapi/index.js";
import type { Part } from "./item.js";
import { idAt, interfaceKey, isClaimed, isOnlyOurs, isOurs, type Kind, type ObserveContext } from "./kind.js";
import { tableItemKey } from "./table.js";

interface DhcpClient {
  readonly interface: string;
  /** Whether a request asked for it. Absent in a wanted value. */
  readonly given?: boolean;
}

export function dhcpClientPart(id: string): Part<DhcpClient> {
  return { kind: "dhcp-client", key: keyOf(id), value: { interface: id } };
}

function keyOf(id: string): string {
  return `dhcp-client/${id}`;
}

/** Returns the addresses that VPP's DHCP clients have leased, with prefix length, by the index of the interface. */
export async function leasesOf({ vpp }: Pick<ObserveContext, "vpp">): Promise<ReadonlyMap<number, string>> {
  if (!vpp.has("dhcp_client_dump")) return new Map();
  const details = await vpp.dumpAll("dhcp_client_dump", {});
  return new Map(details.map(({ client, lease }) => [client.sw_if_index, `${lease.host_address}/${lease.mask_width}`]));
}

/** VPP's DHCP client on an interconnect. */
export const dhcpClient: Kind<DhcpClient> = {
  async observe(context) {
    if (!context.vpp.has("dhcp_client_dump")) return [];
    const details = await context.vpp.dumpAll("dhcp_client_dump", {});
    return details.map(({ client: { sw_if_index: index } }) => {
      const id = idAt(context, index);
      const given = isOnlyOurs(context, index) || isClaimed(context.claims, keyOf(id));
      return { kind: "dhcp-client", key: keyOf(id), value: { interface: id, given }, ours: isOurs(context, index) };
    });
  },

  create: async ({ vpp, indexOf }, value) =>
    void (await vpp.call("dhcp_client_config", config(indexOf(value.interface), true))),

  delete: async ({ vpp, indexOf }, { value }) =>
    void (await vpp.call("dhcp_client_config", config(indexOf(value.interface), false))),

  // An operator set the others, on the interface of a HAIRPIN.
  stays: ({ given }) => given === false,

  claim: () => "",

  dependsOn: (value) => [interfaceKey(value.interface), tableItemKey(value.interface, 4)],
};

function config(index: number, isAdd: boolean): { is_add: boolean; client: DhcpClientConfig } {
  const client: DhcpClientConfig = {
    sw_if_index: index,
    hostname: "",
    id: new Uint8Array(64),
    want_dhcp_event: false,
    set_broadcast_flag: true,
    dscp: "IP_API_DSCP_CS0",
    pid: process.pid,
  };
  return { is_add: isAdd, client };
}
