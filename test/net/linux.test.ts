// Addresses as text: glibc, iproute2 on the kernel, and the package print the same.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { formatIp4, formatIp6, formatMac } from "../../lib/net/index.js";
import { IP4, IP6, isIp4Compatible, MAC } from "../support/addresses.js";
import { need } from "../support/need.js";

const INET_NTOP = `
import socket, sys
for line in sys.stdin:
    data = bytes.fromhex(line.strip())
    print(socket.inet_ntop(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data))
`;

function linesOf(command: string, args: readonly string[], input: string): string[] {
  return execFileSync(command, args, { input, encoding: "utf8", timeout: 60_000 }).trimEnd().split("\n");
}

need("python3").test("glibc's inet_ntop prints every address as we do", (t) => {
  const all = [...fc.sample(IP6, 2000), ...fc.sample(IP4, 500)].filter((bytes) => !isIp4Compatible(bytes));
  const hex = all.map((bytes) => Buffer.from(bytes).toString("hex")).join("\n");
  const ours = all.map((bytes) => (bytes.length === 4 ? formatIp4(bytes, 0) : formatIp6(bytes, 0)));
  t.deepEqual(linesOf("python3", ["-c", INET_NTOP], hex), ours);
});

/** Runs commands of `ip` in a network namespace of their own, which ends with them. */
function ipInside(commands: readonly string[]): string[] {
  return linesOf("unshare", ["--net", "ip", "-oneline", "-batch", "-"], `${commands.join("\n")}\n`);
}

/** Whether Linux takes the address for a device: neither ::, nor multicast. */
const isUnicast = (bytes: Uint8Array) => bytes[0] !== 0xff && bytes.some((byte) => byte !== 0);

need("netns", "ip").test("Linux lists the addresses of a device as we print them", (t) => {
  const all = fc.sample(IP6, 300).filter((bytes) => isUnicast(bytes) && !isIp4Compatible(bytes));
  const texts = [...new Set(all.map((bytes) => formatIp6(bytes, 0)))];
  const listed = ipInside([...texts.map((text) => `address add ${text}/128 dev lo`), "address show dev lo"]);
  const found = listed.flatMap((line) => / inet6 (\S+)\/128 /.exec(line)?.[1] ?? []);
  t.deepEqual(found.filter((text) => text !== "::1").sort(), texts.filter((text) => text !== "::1").sort());
});

need("netns", "ip").test("Linux prints MAC addresses as we do", (t) => {
  const all = fc.sample(MAC, 200).map(([first, ...rest]) => Uint8Array.from([(first! & 0xfe) | 0x02, ...rest]));
  const texts = all.map((bytes) => formatMac(bytes));
  const each = texts.flatMap((text) => [`link set dev t0 address ${text}`, "link show dev t0"]);
  const listed = ipInside(["link add t0 type veth peer t1", ...each]);
  t.deepEqual(
    listed.map((line) => /link\/ether (\S+)/.exec(line)?.[1]),
    texts,
  );
});
