// Linux VRF devices.
import type { PuntError } from "../../errors.js";
import { vrfDevicePattern } from "../interconnect/index.js";
import type { Facts } from "./facts.js";
import type { Part } from "./item.js";
import type { ActContext, Kind } from "./kind.js";
import type { KindName } from "./kind-names.js";

interface VrfDevice {
  readonly namespace: number;
  readonly name: string;
  readonly table: number;
  /** Another owner's device is as its owner wants it, and counts as up. */
  readonly up: boolean;
}

export function vrfDeviceKey(namespace: number, name: string): string {
  return `vrf-device/${namespace}/${name}`;
}

export function vrfDevicePart(device: Omit<VrfDevice, "up">, up = true): Part<VrfDevice> {
  return { kind: "vrf-device", key: vrfDeviceKey(device.namespace, device.name), value: { ...device, up } };
}

/**
 * Returns why nothing is known of an object of that key: its kind could not be read, or it would be in a namespace that could not. All
 * other objects there come and go with objects in VPP.
 */
export function hiddenBy(
  key: string,
  { unreadable, unreadableNamespaces }: Pick<Facts, "unreadable" | "unreadableNamespaces">,
): PuntError | undefined {
  const unread = unreadable.get(key.slice(0, key.indexOf("/")) as KindName);
  if (unread) return unread;
  const namespace = namespaceOf(key);
  return namespace === undefined ? undefined : unreadableNamespaces.get(namespace);
}

/** Returns the numbers of the namespaces of the VRF devices among these keys. */
export function withVrfDevices(keys: Iterable<string>): number[] {
  return [...keys].flatMap((key) => namespaceOf(key) ?? []);
}

function namespaceOf(key: string): number | undefined {
  const namespace = /^vrf-device\/(\d+)\//.exec(key)?.[1];
  return namespace === undefined ? undefined : Number(namespace);
}

/** A Linux VRF device. It is ours if it is in our device group. A VRF device of another owner serves as well, and stays. */
export const vrfDevice: Kind<VrfDevice> = {
  usesForeign: true,

  async observe({ linksIn, marks }) {
    const found = await linksIn((name) => vrfDevicePattern.test(name));
    return found
      .filter(({ link }) => link.kind === "vrf")
      .map(({ id, link: { name, table, group, up } }) => {
        const ours = group === marks.deviceGroup;
        return { ...vrfDevicePart({ namespace: id, name, table: table ?? 0 }, up || !ours), ours };
      });
  },

  async create(context, value) {
    const { host, marks, namespace } = context;
    await host.change(namespace(value.namespace), {
      change: "add-vrf",
      name: value.name,
      table: value.table,
      group: marks.deviceGroup,
    });
    await setUp(context, value);
  },

  update: (context, _seen, value) => setUp(context, value),

  canUpdate: (seen, { table }) => seen.table === table,

  async delete({ host, namespace }, { value }) {
    await host.change(namespace(value.namespace), { change: "delete-link", name: value.name });
  },

  dependsOn: () => [],
};

/** The device may be there and down, as after a death of the manager in the middle of its creation. */
async function setUp({ host, namespace }: ActContext, { namespace: id, name, up }: VrfDevice): Promise<void> {
  await host.change(namespace(id), { change: "set-link", name, up });
}
