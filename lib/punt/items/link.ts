// Admin state and MTU of interconnects on VPP's side.
import type { Part } from "./item.js";
import { type ActContext, interfaceKey, type Kind } from "./kind.js";

interface LinkState {
  readonly interface: string;
  readonly up: boolean;
  /** Bytes, of layer 3. */
  readonly mtu?: number;
}

export function linkKey(id: string): string {
  return `link/${id}`;
}

export function linkPart(value: LinkState): Part<LinkState> {
  return { kind: "link", key: linkKey(value.interface), value };
}

/** Admin state and MTU of an interconnect on VPP's side. */
export const link: Kind<LinkState> = {
  attribute: true,

  async observe({ interfaces }) {
    const ours = interfaces.filter((found) => found.ours);
    return ours.map(({ id, up, mtu }) => ({
      kind: "link",
      key: linkKey(id),
      value: { interface: id, up, mtu },
      ours: true,
    }));
  },

  create: set,

  update: (context, _seen, value) => set(context, value),

  canUpdate: () => true,

  async delete() {},

  dependsOn: (value) => [interfaceKey(value.interface)],
};

async function set({ vpp, indexOf }: ActContext, { interface: id, mtu }: LinkState): Promise<void> {
  const sw_if_index = indexOf(id);
  if (mtu !== undefined) await vpp.call("sw_interface_set_mtu", { sw_if_index, mtu: [mtu, 0, 0, 0] });
  await vpp.call("sw_interface_set_flags", { sw_if_index, flags: ["IF_STATUS_API_FLAG_ADMIN_UP"] });
}
