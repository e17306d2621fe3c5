// Proxy ARP: the ranges that VPP answers for, and the interfaces on which it answers.
import type { Part } from "./item.js";
import { type ActContext, idAt, interfaceKey, isOnlyOurs, type Kind } from "./kind.js";

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
    return details.map(({ proxy: { table_id: table, low, hi: high } }) => {
      const key = rangeKey({ table, low, high });
      return { kind: "proxy-arp-range", key, value: { table, low, high }, ours: claims.has(key) };
    });
  },

  create: (context, value) => set(context, value, true),

  delete: (context, { value }) => set(context, value, false),

  claim: () => "",

  dependsOn: () => [],
};

async function set({ vpp }: ActContext, { table, low, high }: Range, isAdd: boolean): Promise<void> {
  await vpp.call("proxy_arp_add_del", { is_add: isAdd, proxy: { table_id: table, low, hi: high } });
}

interface Answering {
  readonly interface: string;
}

export function proxyArpPart(id: string): Part<Answering> {
  return { kind: "proxy-arp", key: `proxy-arp/${id}`, value: { interface: id } };
}

/** Enables answers on an interface. It is ours if the interface is an interconnect. */
export const proxyArp: Kind<Answering> = {
  async observe(context) {
    const details = await context.vpp.dumpAll("proxy_arp_intfc_dump", {});
    return details.map(({ sw_if_index: index }) => ({
      ...proxyArpPart(idAt(context, index)),
      ours: isOnlyOurs(context, index),
    }));
  },

  create: (context, value) => answer(context, value, true),

  delete: (context, { value }) => answer(context, value, false),

  dependsOn: (value) => [interfaceKey(value.interface)],
};

async function answer({ vpp, indexOf }: ActContext, value: Answering, enable: boolean): Promise<void> {
  await vpp.call("proxy_arp_intfc_enable_disable", { sw_if_index: indexOf(value.interface), enable });
}
