// The CNF's side of a TAP: its state, and the addresses that the manager gives it.
import type { Facts } from "./facts.js";
import type { Part } from "./item.js";
import {
  type ActContext,
  bothClaims,
  claimsIn,
  interfaceKey,
  type Kind,
  type LinkIn,
  type ObserveContext,
} from "./kind.js";
import { vrfDeviceKey } from "./vrf-device.js";

interface LinkState {
  readonly namespace: number;
  readonly name: string;
  readonly up: boolean;
  readonly mac?: string;
  /** Bytes. */
  readonly mtu?: number;
  /** False for a veth pair: the packets that it passes to VPP have their checksums. */
  readonly checksumOffload?: boolean | undefined;
  /** VRF device. Undefined if the punt has none: the CNF may then choose a master, such as a bridge of its own. */
  readonly master?: string;
}

export function hostLinkKey(namespace: number, name: string): string {
  return `host-link/${namespace}/${name}`;
}

export function hostLinkPart(value: LinkState): Part<LinkState> {
  return { kind: "host-link", key: hostLinkKey(value.namespace, value.name), value };
}

/** Whether a device is in a VRF device of ours, as an earlier request may have asked. */
export function hasOurMaster(namespace: number, name: string, { seen }: Facts): boolean {
  const master = (seen.get(hostLinkKey(namespace, name))?.value as LinkState | undefined)?.master ?? "";
  return seen.get(vrfDeviceKey(namespace, master))?.ours === true;
}

function ourLinks({ interfaces, linksIn }: ObserveContext): Promise<LinkIn[]> {
  const ours = new Set(interfaces.filter((found) => found.ours).map((found) => found.id));
  return linksIn((name) => ours.has(name));
}

export const hostLink: Kind<LinkState> = {
  attribute: true,

  async observe(context) {
    const links = await ourLinks(context);
    return links.map(({ id, link: { name, up, mac, mtu, checksumOffload, master } }) => ({
      ...hostLinkPart({ namespace: id, name, up, mac, mtu, checksumOffload, master }),
      ours: true,
    }));
  },

  create: (context, value) => set(context, value, value),

  update: (context, seen, value) => set(context, value, changed(seen.value, value)),

  canUpdate: () => true,

  async delete() {},

  dependsOn: ({ namespace, name, master }) => [
    interfaceKey(name),
    ...(master ? [vrfDeviceKey(namespace, master)] : []),
  ],
};

/** Returns the fields that differ. Some kernels refuse a MAC address while the link is up, and setting the same VRF again drops addresses. */
function changed(seen: LinkState, value: LinkState): Partial<LinkState> {
  return Object.fromEntries(
    Object.entries(value).filter(([field, wanted]) => seen[field as keyof LinkState] !== wanted),
  );
}

async function set(
  { host, namespace }: ActContext,
  { namespace: id, name }: LinkState,
  fields: Partial<LinkState>,
): Promise<void> {
  const { up, mac, mtu, checksumOffload, master } = fields;
  const settings = {
    ...(mac !== undefined && { mac }),
    ...(mtu !== undefined && { mtu }),
    ...(checksumOffload !== undefined && { checksumOffload }),
    ...(master !== undefined && { master }),
    ...(up !== undefined && { up }),
  };
  await host.change(namespace(id), { change: "set-link", name, ...settings });
}

interface HostAddresses {
  readonly namespace: number;
  readonly name: string;
  /** With prefix length, sorted. */
  readonly addresses: readonly string[];
  /** Whether the manager gave the device addresses. Absent in a wanted value. */
  readonly given?: boolean;
}

function hostAddressesKey(namespace: number, name: string): string {
  return `host-addresses/${namespace}/${name}`;
}

export function hostAddressesPart(namespace: number, name: string, addresses: readonly string[]): Part<HostAddresses> {
  const value = { namespace, name, addresses: [...addresses].sort() };
  return { kind: "host-addresses", key: hostAddressesKey(namespace, name), value };
}

/** Whether the manager gave a device addresses, as an earlier request may have asked. */
export function hasGivenAddresses(namespace: number, name: string, { seen }: Facts): boolean {
  return (seen.get(hostAddressesKey(namespace, name))?.value as HostAddresses | undefined)?.given === true;
}

/** The claim on a device with addresses of the manager. */
const GIVEN = "given";

/** All addresses of a TAP to which the manager gives addresses. The CNF sets those of other TAPs, and they are not compared. */
export const hostAddresses: Kind<HostAddresses> = {
  attribute: true,

  async observe(context) {
    const links = await ourLinks(context);
    return links.map(({ id, link }) => {
      const { value, ...part } = hostAddressesPart(id, link.name, link.addresses);
      const given = claimsIn(context.claims.get(part.key)).includes(GIVEN);
      return { ...part, value: { ...value, given }, ours: true };
    });
  },

  claim: ({ addresses }, _marks, seen) => {
    const after = addresses.length > 0 ? GIVEN : "";
    return bothClaims(seen?.given ? GIVEN : after, after);
  },

  create: (context, value) => change(context, value, []),

  update: (context, seen, value) => change(context, value, seen.value.addresses),

  canUpdate: () => true,

  async delete() {},

  // The move into a VRF drops addresses, and IPv6 addresses need the link to be up.
  dependsOn: ({ namespace, name }) => [hostLinkKey(namespace, name)],
};

/** Linux removes further addresses of a subnet with its first one. */
function ignoreGone(error: NodeJS.ErrnoException): void {
  if (error.code !== "EADDRNOTAVAIL") throw error;
}

async function change(
  { host, namespace }: ActContext,
  { namespace: id, name, addresses }: HostAddresses,
  from: readonly string[],
): Promise<void> {
  const path = namespace(id);
  for (const address of from.filter((old) => !addresses.includes(old)))
    await host.change(path, { change: "delete-address", name, address }).catch(ignoreGone);
  for (const address of addresses.filter((added) => !from.includes(added)))
    await host.change(path, { change: "add-address", name, address });
}
