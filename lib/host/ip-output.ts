// Parses the output of `ip -details -json address show`.
import { canonicalAddress } from "../net/index.js";
import type { HostLink } from "./host.js";

interface IpLink {
  readonly ifname?: string;
  readonly address?: string;
  readonly mtu?: number;
  readonly flags?: readonly string[];
  readonly master?: string;
  readonly group?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly table?: number } };
  readonly addr_info?: readonly IpAddress[];
}

interface IpAddress {
  readonly local?: string;
  readonly prefixlen?: number;
  readonly scope?: string;
  readonly dynamic?: boolean;
  readonly temporary?: boolean;
}

/** @throws an error of any kind if it is not such an output */
export function parseLinks(json: string): HostLink[] {
  const links = JSON.parse(json === "" ? "[]" : mended(json)) as IpLink[];
  return links.filter((link) => link.ifname !== undefined).map(linkOf);
}

/** A backslash with the next character, or a control character. In a string, `ip` prints \t, \n and \r with a backslash. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that are looked for
const ODD = /\\.|[\0-\x08\x0b\x0c\x0e-\x1f]/gs;

/** Makes JSON of what `ip` prints: a name or an alias may have any bytes, control characters come as they are, and an old `ip` prints \'. */
function mended(json: string): string {
  return json.replace(ODD, (odd) => (odd === "\\'" ? "'" : odd.length > 1 ? odd : "\ufffd"));
}

function linkOf(link: IpLink): HostLink {
  const { ifname = "", address = "", mtu = 0, flags = [], master = "", group, linkinfo, addr_info = [] } = link;
  const table = linkinfo?.info_data?.table;
  return {
    name: ifname,
    mac: address,
    mtu,
    up: flags.includes("UP"),
    master,
    group: groupOf(group),
    kind: linkinfo?.info_kind ?? "",
    ...(table !== undefined && { table }),
    addresses: addr_info
      .filter(isGiven)
      // glibc, and so `ip`, prints ::102:304 as ::1.2.3.4.
      .map(({ local = "", prefixlen }) => `${canonicalAddress(local)}/${prefixlen}`)
      .sort(),
  };
}

/** Groups may have names in /etc/iproute2/group. Ours do not. */
function groupOf(group: string | undefined): number {
  return /^\d+$/.test(group ?? "") ? Number(group) : 0;
}

/** Whether an address was configured, and not made by the kernel or leased. */
function isGiven({ scope, dynamic, temporary, local }: IpAddress): boolean {
  return local !== undefined && scope !== "link" && !dynamic && !temporary;
}

/** Returns the names in `/proc/net/dev`: two lines of headings, then a line for each device with its name before the last colon. */
export function parseDeviceNames(text: string): string[] {
  const lines = text.split("\n").slice(2);
  return lines.filter((line) => line.includes(":")).map((line) => line.slice(0, line.lastIndexOf(":")).trim());
}
