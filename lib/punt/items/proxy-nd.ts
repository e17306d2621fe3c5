// Interconnects on which VPP answers neighbor solicitations.
import type { Seen } from "./facts.js";
import type { Part } from "./item.js";
import { interfaceKey, type Kind } from "./kind.js";
import { type Note, readNote } from "./note.js";
import { unnumberedKey } from "./unnumbered.js";

interface Answering {
  readonly interface: string;
}

function keyOf(id: string): string {
  return `proxy-nd/${id}`;
}

export function proxyNdPart(id: string): Part<Answering> {
  return { kind: "proxy-nd", key: keyOf(id), value: { interface: id } };
}

function hasIndex(note: Note): note is { index: number } {
  return typeof note.index === "number";
}

/**
 * Enables answers to neighbor solicitations on an interconnect. VPP has no dump of it, so the note of the last enabling counts. Each
 * enabling follows a disabling: VPP counts, and two enablings would need two disablings.
 */
export const proxyNd: Kind<Answering> = {
  async observe({ interfaces, notes }) {
    const ours = interfaces.filter((found) => found.ours);
    // The note is of an interface with this index, and is forgotten before that one's successor is enabled.
    const same = ours.filter(({ id, swIfIndex }) => readNote(notes, keyOf(id), hasIndex)?.index === swIfIndex);
    return same.map((found): Seen<Answering> => ({ ...proxyNdPart(found.id), ours: true }));
  },

  async create({ vpp, indexOf, note }, value, key) {
    const index = indexOf(value.interface);
    await vpp.call("ip6nd_proxy_enable_disable", { sw_if_index: index, is_enable: false });
    await vpp.call("ip6nd_proxy_enable_disable", { sw_if_index: index, is_enable: true });
    note(key, { index });
  },

  async delete({ vpp, indexOf }, { value }) {
    await vpp.call("ip6nd_proxy_enable_disable", { sw_if_index: indexOf(value.interface), is_enable: false });
  },

  dependsOn: (value) => [interfaceKey(value.interface), unnumberedKey(value.interface)],
};
