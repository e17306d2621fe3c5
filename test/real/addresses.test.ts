// Addresses as text: VPP prints them as the package does.
import fc from "fast-check";
import { Vpp } from "../../lib/binapi/index.js";
import { formatIp4, formatIp6, formatMac } from "../../lib/net/index.js";
import { IP4, IP6, isIp4Mapped, MAC } from "../support/addresses.js";
import { need } from "../support/need.js";
import { startVpp } from "../support/vpp/real.js";

const real = need("root", "vpp").test;

/** Whether VPP takes the address for an interface. */
function isUnicast(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return bytes[0] !== 0 && bytes[0] !== 127 && bytes[0]! < 224;
  return bytes[0] !== 0xff && bytes.some((byte) => byte !== 0) && !(bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80);
}

/** VPP's text of an IPv4-mapped address is without the dotted quad. */
function textInVpp(bytes: Uint8Array): string {
  if (bytes.length === 4) return formatIp4(bytes, 0);
  if (!isIp4Mapped(bytes)) return formatIp6(bytes, 0);
  const [high, low] = [(bytes[12]! << 8) | bytes[13]!, (bytes[14]! << 8) | bytes[15]!];
  return `::ffff:${high.toString(16)}:${low.toString(16)}`;
}

real("VPP prints addresses as we do, but an IPv4-mapped one without its dotted quad", async (t) => {
  const server = await startVpp();
  t.teardown(() => server.stop());
  await using vpp = await Vpp.connect({ socketPath: server.apiSocket });
  const { sw_if_index } = await vpp.call("create_loopback", { mac_address: "00:00:00:00:00:00" });
  const sampled = [...fc.sample(IP6, 200), ...fc.sample(IP4, 60)].filter(isUnicast);
  const all = [...new Map(sampled.map((bytes) => [textInVpp(bytes), bytes])).values()];
  const set = async (bytes: Uint8Array) => {
    const prefix = bytes.length === 4 ? `${formatIp4(bytes, 0)}/32` : `${formatIp6(bytes, 0)}/128`;
    await vpp.call("sw_interface_add_del_address", { sw_if_index, is_add: true, del_all: false, prefix });
    return prefix;
  };
  const prefixes = await Promise.all(all.map(set));
  const listed = await server.cli("show interface address");
  const printed = [...listed.matchAll(/ L3 (\S+)\/(?:32|128)/g)].map(([, text]) => text);
  t.deepEqual(printed.sort(), all.map(textInVpp).sort());
  const dumps = [false, true].map((is_ipv6) => vpp.dumpAll("ip_address_dump", { sw_if_index, is_ipv6 }));
  const dumped = (await Promise.all(dumps)).flat().map(({ prefix }) => prefix);
  t.deepEqual(dumped.sort(), prefixes.sort());
});

real("VPP prints MAC addresses as we do", async (t) => {
  const server = await startVpp();
  t.teardown(() => server.stop());
  await using vpp = await Vpp.connect({ socketPath: server.apiSocket });
  const { sw_if_index } = await vpp.call("create_loopback", { mac_address: "00:00:00:00:00:00" });
  for (const [first, ...rest] of fc.sample(MAC, 20)) {
    const mac = formatMac(Uint8Array.from([(first! & 0xfe) | 0x02, ...rest]));
    await vpp.call("sw_interface_set_mac_address", { sw_if_index, mac_address: mac });
    t.regex(await server.cli("show hardware-interfaces loop0"), new RegExp(`Ethernet address ${mac}\\b`));
    t.is((await vpp.call("sw_interface_get_mac_address", { sw_if_index })).mac_address, mac);
  }
});
