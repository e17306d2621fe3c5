// Interconnects that borrow another interface's addresses.
import type { Part } from "./item.js";
import { type ActContext, idAt, interfaceKey, isOnlyOurs, type Kind } from "./kind.js";
import { type Note, readNote } from "./note.js";
import { tableItemKey } from "./table.js";
import { NO_INDEX } from "./vpp-api.js";

interface Unnumbered {
  readonly interface: string;
  /** The interface that lends its addresses. */
  readonly of: string;
  /** The lender's addresses, sorted. VPP keeps a reference to them that becomes stale when they change: then it is set again. */
  readonly addresses: readonly string[];
}

export function unnumberedKey(id: string): string {
  return `unnumbered/${id}`;
}

export function unnumberedPart(id: string, of: string, addresses: readonly string[]): Part<Unnumbered> {
  return { kind: "unnumbered", key: unnumberedKey(id), value: { interface: id, of, addresses: [...addresses].sort() } };
}

/** An interface that borrows the addresses of another. It is ours if the borrower is an interconnect. */
export const unnumbered: Kind<Unnumbered> = {
  async observe(context) {
    const details = await context.vpp.dumpAll("ip_unnumbered_dump", { sw_if_index: NO_INDEX });
    return details.map(({ sw_if_index: index, ip_sw_if_index: ofIndex }) => {
      const id = idAt(context, index);
      const applied = readNote(context.notes, unnumberedKey(id), hasAddresses);
      const value = { interface: id, of: idAt(context, ofIndex), addresses: applied?.addresses ?? [] };
      return { kind: "unnumbered", key: unnumberedKey(id), value, ours: isOnlyOurs(context, index) };
    });
  },

  create: (context, value) => set(context, value, true),

  update: (context, _seen, value) => set(context, value, true),

  canUpdate: (seen, value) => seen.of === value.of,

  delete: (context, { value }) => set(context, value, false),

  dependsOn: ({ interface: id, of }) => [interfaceKey(id), interfaceKey(of), tableItemKey(id, 4), tableItemKey(id, 6)],
};

/** VPP does not report the addresses that it refers to. */
function hasAddresses(note: Note): note is { addresses: readonly string[] } {
  return Array.isArray(note.addresses);
}

/** In the request, `sw_if_index` is the lender and `unnumbered_sw_if_index` the borrower. */
async function set({ vpp, indexOf, note }: ActContext, value: Unnumbered, isAdd: boolean): Promise<void> {
  const ends = { sw_if_index: isAdd ? indexOf(value.of) : 0, unnumbered_sw_if_index: indexOf(value.interface) };
  await vpp.call("sw_interface_set_unnumbered", { ...ends, is_add: isAdd });
  if (isAdd) note(unnumberedKey(value.interface), { addresses: value.addresses });
}
