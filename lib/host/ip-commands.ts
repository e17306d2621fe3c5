// Turns changes into lines of `ip -batch`.
import { PuntError } from "../errors.js";
import type { HostChange } from "./host.js";

/** A change that `ip` makes. */
export type IpChange = Exclude<HostChange, { change: "move-link" }>;

export function commandsOf(change: IpChange): string[] {
  const lines = linesOf(change);
  // One line is one command: a line break in a name would begin another.
  const bad = lines.find((line) => /[\n\r\0]/.test(line));
  if (bad !== undefined) throw new PuntError("host.ip", "EINVAL", `not one command: ${JSON.stringify(bad)}`);
  return lines;
}

function linesOf(change: IpChange): string[] {
  switch (change.change) {
    case "add-vrf":
      // One request creates the device and sets the group, so that a crash cannot leave a device without it.
      return [`link add name ${change.name} group ${change.group} type vrf table ${change.table}`];
    case "add-veth":
      return [vethLine(change)];
    case "delete-link":
      return [`link delete dev ${change.name}`];
    case "set-link":
      return setLines(change);
    case "add-address":
      // VPP has the address too: duplicate address detection would find it in use.
      return [`address replace ${change.address} dev ${change.name}${change.address.includes(":") ? " nodad" : ""}`];
    case "delete-address":
      return [`address delete ${change.address} dev ${change.name}`];
  }
}

function vethLine({ name, group, peer, peerNamespace, peerMac }: Extract<HostChange, { change: "add-veth" }>): string {
  const netns = ` netns ${peerNamespace || `/proc/${process.pid}/ns/net`}`;
  // One segment per packet: VPP would get packets that are longer than its interfaces take.
  const peerWords = `name ${peer} address ${peerMac} group ${group} gso_max_segs 1${netns}`;
  return `link add name ${name} up group ${group} type veth peer ${peerWords}`;
}

function setLines({ name, up, mtu, mac, master }: Extract<HostChange, { change: "set-link" }>): string[] {
  const vrf = master === undefined ? [] : [master === "" ? "nomaster" : `master ${master}`];
  const words = [mac && `address ${mac}`, mtu && `mtu ${mtu}`, ...vrf, up && "up"].filter(Boolean);
  return words.map((word) => `link set dev ${name} ${word}`);
}
