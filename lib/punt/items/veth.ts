// The veth pairs that stand in for TAPs where VPP has no /dev/vhost-net.
import { PuntError } from "../../errors.js";
import type { Host } from "../../host/index.js";
import { isVethName, vethName } from "../interconnect/index.js";
import { type Part, satisfies } from "./item.js";
import type { Kind } from "./kind.js";

interface Veth {
  readonly device: string;
  /** Name and MAC address of the CNF's end, and its namespace. */
  readonly peer: string;
  readonly peerMac: string;
  readonly namespace: number;
  /** MTU of VPP's end, in bytes. */
  readonly mtu?: number | undefined;
}

export function vethKey(device: string): string {
  return `veth/${device}`;
}

export function vethPart(value: Veth): Part<Veth> {
  return { kind: "veth", key: vethKey(value.device), value };
}

/** Returns the error of a device that has the name of an end; undefined if there is none. */
async function inTheWay(host: Host, path: string, name: string): Promise<PuntError | undefined> {
  const found = (await host.links(path).catch(() => [])).find((link) => link.name === name);
  if (!found) return undefined;
  const where = path === "" ? "the manager's network namespace" : `the network namespace ${path}`;
  const message = `${where} has a device ${name} already (${found.kind || "no kind"}), whose name an end of the veth pair gets`;
  return new PuntError("punt.veth", "ERR_FOREIGN", message, { namespace: path, device: name });
}

/**
 * The veth pair that stands in for a TAP if VPP has no /dev/vhost-net. It is ours if it is in our device group. Both ends come and go
 * together, so a pair with the CNF's end in another place serves another purpose.
 */
export const veth: Kind<Veth> = {
  async observe({ linksOf, linksIn, marks, ways }) {
    const { machineMark: owner } = marks;
    const links = (await linksOf(ways.vppNamespace ?? "", (name) => isVethName(owner, name))).filter(
      ({ kind }) => kind === "veth",
    );
    if (links.length === 0) return [];
    const devices = new Set(links.map(({ name }) => name));
    const ends = (await linksIn((name) => devices.has(vethName(owner, name))))
      .filter(({ link }) => link.kind === "veth")
      .map(({ id, link: { name, mac } }) => [vethName(owner, name), { name, mac, namespace: id }] as const);
    // If there are several, the one in the first namespace counts.
    const peers = new Map(ends.reverse());
    return links.map((link) => {
      const peer = peers.get(link.name);
      const value = {
        device: link.name,
        peer: peer?.name ?? "",
        peerMac: peer?.mac ?? "",
        namespace: peer?.namespace ?? -1,
        mtu: link.mtu,
      };
      return { kind: "veth", key: vethKey(link.name), value, ours: link.group === marks.deviceGroup };
    });
  },

  async create({ host, marks, namespace, ways }, { device, peer, peerMac, namespace: id, mtu }) {
    const [path, peerNamespace] = [ways.vppNamespace ?? "", namespace(id)];
    const pair = { name: device, group: marks.deviceGroup, peer, peerNamespace, peerMac };
    await host.change(path, { change: "add-veth", ...pair }).catch(async (error) => {
      throw (error as PuntError).code === "EEXIST"
        ? ((await inTheWay(host, path, device)) ?? (await inTheWay(host, peerNamespace, peer)) ?? error)
        : error;
    });
    if (mtu !== undefined) await host.change(path, { change: "set-link", name: device, mtu });
  },

  async update({ host, ways }, _seen, { device, mtu }) {
    await host.change(ways.vppNamespace ?? "", { change: "set-link", name: device, ...(mtu !== undefined && { mtu }) });
  },

  canUpdate: (seen, { mtu, ...value }) => satisfies(seen, value) && mtu !== undefined,

  async delete({ host, ways }, { value }) {
    await host.change(ways.vppNamespace ?? "", { change: "delete-link", name: value.device });
  },

  dependsOn: () => [],
};
