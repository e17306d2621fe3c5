// Turns changes into commands of `ip`.
import { PuntError } from "../errors.js";
import type { HostChange } from "./host.js";

/** A change that `ip` makes. */
export type IpChange = Exclude<HostChange, { change: "move-link" }>;

/** The words of one command of `ip`. */
export type IpCommand = readonly string[];

/** Returns the commands for a change, in their order. @throws PuntError EINVAL: a word has a line break or a NUL */
export function commandsOf(change: IpChange): IpCommand[] {
  const commands = wordsOf(change);
  const bad = commands.find((words) => words.some((word) => /[\n\r\0]/.test(word)));
  if (bad !== undefined) throw new PuntError("host.ip", "EINVAL", `not one command: ${JSON.stringify(bad.join(" "))}`);
  return commands;
}

/** Whether the command can be a line of `ip -batch`, where spaces, quotes, `#` and a `\` at the end have a meaning, and no escape. */
export function fitsBatch(words: IpCommand): boolean {
  return words.every((word) => /^[^\s'"#\\]+$/.test(word));
}

function wordsOf(change: IpChange): string[][] {
  switch (change.change) {
    case "add-vrf":
      // One request creates the device and sets the group, so that a crash cannot leave a device without it.
      return [
        ["link", "add", "name", change.name, "group", `${change.group}`, "type", "vrf", "table", `${change.table}`],
      ];
    case "add-veth":
      return [vethWords(change)];
    case "delete-link":
      return [["link", "delete", "dev", change.name]];
    case "set-link":
      return setWords(change);
    case "add-address": {
      // VPP has the address too: duplicate address detection would find it in use.
      const flags = change.address.includes(":") ? ["nodad"] : [];
      return [["address", "replace", change.address, "dev", change.name, ...flags]];
    }
    case "delete-address":
      return [["address", "delete", change.address, "dev", change.name]];
  }
}

function vethWords(change: Extract<HostChange, { change: "add-veth" }>): string[] {
  const { name, group, peer, peerNamespace, peerMac } = change;
  const own = ["link", "add", "name", name, "up", "group", `${group}`, "type", "veth"];
  // One segment per packet: VPP would get packets that are longer than its interfaces take.
  const settings = ["address", peerMac, "group", `${group}`, "gso_max_segs", "1"];
  return [...own, "peer", "name", peer, ...settings, "netns", peerNamespace || `/proc/${process.pid}/ns/net`];
}

function setWords({ name, up, mtu, mac, master }: Extract<HostChange, { change: "set-link" }>): string[][] {
  const settings = [
    ...(mac ? [["address", mac]] : []),
    ...(mtu ? [["mtu", `${mtu}`]] : []),
    ...(master === undefined ? [] : [master === "" ? ["nomaster"] : ["master", master]]),
    ...(up ? [["up"]] : []),
  ];
  return settings.map((setting) => ["link", "set", "dev", name, ...setting]);
}
