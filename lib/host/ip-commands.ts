// Changes as lines of `ip -batch`.
import { PuntError } from "../errors.js";
import type { HostChange } from "./host.js";

export function commandsOf(change: HostChange): string[] {
  const lines = linesOf(change);
  // One line is one command: what could end it would begin another.
  const bad = lines.find((line) => /[\n\r\0]/.test(line));
  if (bad !== undefined) throw new PuntError("host.ip", "EINVAL", `not one command: ${JSON.stringify(bad)}`);
  return lines;
}

function linesOf(change: HostChange): string[] {
  switch (change.change) {
    case "add-vrf":
      // The group is set in the same request as the device is made, so that no crash leaves one without it.
      return [`link add name ${change.name} group ${change.group} type vrf table ${change.table}`];
    case "add-veth":
      return [vethLine(change)];
    case "delete-link":
      return [`link delete dev ${change.name}`];
    case "set-link":
      return setLines(change);
    case "add-address":
      // The address is VPP's too: duplicate address detection would find it in use.
      return [`address replace ${change.address} dev ${change.name}${change.address.includes(":") ? " nodad" : ""}`];
    case "delete-address":
      return [`address delete ${change.address} dev ${change.name}`];
  }
}

function vethLine({ name, group, peer, peerNamespace, peerMac }: Extract<HostChange, { change: "add-veth" }>): string {
  const netns = peerNamespace === "" ? "" : ` netns ${peerNamespace}`;
  // One segment a packet: VPP would have to pass on packets longer than its interfaces take.
  const peerWords = `name ${peer} address ${peerMac} group ${group} gso_max_segs 1${netns}`;
  return `link add name ${name} up group ${group} type veth peer ${peerWords}`;
}

function setLines({ name, up, mtu, mac, master }: Extract<HostChange, { change: "set-link" }>): string[] {
  const vrf = master === undefined ? [] : [master === "" ? "nomaster" : `master ${master}`];
  const words = [mac && `address ${mac}`, mtu && `mtu ${mtu}`, ...vrf, up && "up"].filter(Boolean);
  return words.map((word) => `link set dev ${name} ${word}`);
}
