// Linux VRF devices.
import { vrfDevicePattern } from "../interconnect/index.js";
import type { Part } from "./item.js";
import type { Kind } from "./kind.js";

interface VrfDevice {
  readonly namespace: number;
  readonly name: string;
  readonly table: number;
}

export function vrfDeviceKey(namespace: number, name: string): string {
  return `vrf-device/${namespace}/${name}`;
}

export function vrfDevicePart(value: VrfDevice): Part<VrfDevice> {
  return { kind: "vrf-device", key: vrfDeviceKey(value.namespace, value.name), value };
}

/** A Linux VRF device. It is ours if it is in our device group. A VRF device of another owner serves as well, and stays. */
export const vrfDevice: Kind<VrfDevice> = {
  usesForeign: true,

  async observe({ linksOf, marks, namespaces }) {
    const isVrf = (name: string) => vrfDevicePattern.test(name);
    const found = await Promise.all(
      [...namespaces].map(async ([id, path]) => ({ id, links: await linksOf(path, isVrf) })),
    );
    return found.flatMap(({ id, links }) =>
      links
        .filter((link) => link.kind === "vrf")
        .map(({ name, table, group }) => ({
          ...vrfDevicePart({ namespace: id, name, table: table ?? 0 }),
          ours: group === marks.deviceGroup,
        })),
    );
  },

  async create({ host, marks, namespace }, value) {
    await host.change(namespace(value.namespace), {
      change: "add-vrf",
      name: value.name,
      table: value.table,
      group: marks.deviceGroup,
    });
    await host.change(namespace(value.namespace), { change: "set-link", name: value.name, up: true });
  },

  async delete({ host, namespace }, { value }) {
    await host.change(namespace(value.namespace), { change: "delete-link", name: value.name });
  },

  dependsOn: () => [],
};
