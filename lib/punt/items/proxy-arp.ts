// Proxy ARP: the ranges that VPP answers for, and the interfaces on which it answers.
import type { Part } from "./item.js";
import { type ActContext, idAt, interfaceKey, isOnlyOurs, type Kind } from "./kind.js";
import type { VppApi } from "./vpp-api.js";

interface Range {
  readonly table: number;
  readonly low: string;
  readonly high: string;
}

export function proxyArpRangePart(value: Range): Part<Range> {
  return { kind: "proxy-arp-range", key: rangeKey(value), value };
}

function rangeKey({ table, low, high }: Range): string {
  return `proxy-arp-range/${table}/${low}-${high}`;
}

/** A range of addresses. It carries no mark. An equal range of another owner serves as well, and stays. */
export const proxyArpRange: Kind<Range> = {
  usesForeign: true,

  async observe({ vpp, claims }) {
    const details = await vpp.dumpAll("proxy_arp_dump", {});
    // Table 0 has index 0.
    const ids = details.every(({ proxy }) => proxy.table_id === 0) ? undefined : await idsByIndex(vpp);
    return details.map(({ proxy: { table_id, low, hi: high } }) => {
      const table = ids?.get(table_id) ?? table_id;
      const key = rangeKey({ table, low, high });
      return { kind: "proxy-arp-range", key, value: { table, low, high }, ours: claims.has(key) };
    });
  },

  create: (context, value) => set(context, value, true),

  delete: (context, { value }) => set(context, value, false),

  claim: () => "",

  dependsOn: () => [],
};

/** The first release whose dump has the ids of tables (arp/arp_api.c, send_proxy_arp_details). */
const FIRST_WITH_IDS = "25.10";

/** Returns the ids of tables by VPP's indexes, where the dump has indexes in their place. VPP has no message that tells; its command line does. */
async function idsByIndex(vpp: VppApi): Promise<ReadonlyMap<number, number> | undefined> {
  const { version } = await vpp.call("show_version");
  if (version.slice(0, FIRST_WITH_IDS.length) >= FIRST_WITH_IDS) return undefined;
  const { reply } = await vpp.call("cli_inband", { cmd: "show ip table" });
  const rows = reply.matchAll(/^\[(\d+)\] table_id:(\d+)/gm);
  return new Map([...rows].map(([, index, id]) => [Number(index), Number(id)]));
}

async function set({ vpp }: ActContext, { table, low, high }: Range, isAdd: boolean): Promise<void> {
  await vpp.call("proxy_arp_add_del", { is_add: isAdd, proxy: { table_id: table, low, hi: high } });
}

interface Answering {
  readonly interface: string;
}

export function proxyArpPart(id: string): Part<Answering> {
  return { kind: "proxy-arp", key: `proxy-arp/${id}`, value: { interface: id } };
}

/**
 * Enables answers on an interface. It is ours if the interface is an interconnect. Each enabling follows a disabling: an interface that was
 * deleted leaves VPP's note that answers are on to the next one with its index, and VPP then enables nothing.
 */
export const proxyArp: Kind<Answering> = {
  async observe(context) {
    const details = await context.vpp.dumpAll("proxy_arp_intfc_dump", {});
    return details.map(({ sw_if_index: index }) => ({
      ...proxyArpPart(idAt(context, index)),
      ours: isOnlyOurs(context, index),
    }));
  },

  async create(context, value) {
    await answer(context, value, false);
    await answer(context, value, true);
  },

  delete: (context, { value }) => answer(context, value, false),

  dependsOn: (value) => [interfaceKey(value.interface)],
};

async function answer({ vpp, indexOf }: ActContext, value: Answering, enable: boolean): Promise<void> {
  await vpp.call("proxy_arp_intfc_enable_disable", { sw_if_index: indexOf(value.interface), enable });
}
