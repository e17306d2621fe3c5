import { readIp4, writeAddress } from "./address.js";
import { setU16, setU32, u16, u32 } from "./bytes.js";
import type { DataPlane } from "./dataplane.js";
import { DHCP, DHCP_OPTION, findOption, isDhcp, readOptions } from "./dhcp.js";
import { type DhcpProxy, DhcpProxyConfig } from "./dhcp-proxy-config.js";
import { ETHERTYPE } from "./ethernet.js";
import { fibPath } from "./fib.js";
import type { SwInterface } from "./interface.js";
import { type IpHeader, UDP_HEADER } from "./ip-header.js";
import { setIp4Checksum } from "./ip-local.js";
import { ETHERNET_HEADER, NO_INTERFACE, Packet } from "./packet.js";

const BROADCAST = 0xffffffff;
/** Option 82 as VPP writes it: circuit id = sw_if_index, and the address of the client's link. */
const RELAY_OPTION = 14;
const CIRCUIT_ID = 1;
const LINK_SELECTION = 5;

/** dhcp-proxy-to-server and dhcp-proxy-to-client: relays between clients on a table's links and their servers. */
export class Dhcp4Proxy {
  readonly config: DhcpProxyConfig;
  readonly #toServer;
  readonly #toClient;
  readonly #dp: DataPlane;

  constructor(dp: DataPlane) {
    this.#dp = dp;
    this.#toServer = dp.graph.node("dhcp-proxy-to-server");
    this.#toClient = dp.graph.node("dhcp-proxy-to-client");
    this.config = new DhcpProxyConfig(
      4,
      dp.ip4,
      (tableId) => this.#start(tableId),
      (tableId) => this.#stop(tableId),
    );
  }

  /** Takes the DHCP ports: with the first proxy or client, and, as VPP, for good. */
  registerPorts(): void {
    this.#dp.udp[4].register(DHCP.serverPort, (packet, header) => this.#fromClient(packet, header));
    this.#dp.udp[4].register(DHCP.clientPort, (packet, header) => this.#fromServer(packet, header));
  }

  /** Broadcasts of the table's clients are for this VPP. */
  #start(tableId: number): void {
    this.registerPorts();
    this.#dp.ip4.get(tableId).set(BROADCAST, 32, "dhcp", [fibPath("receive", NO_INTERFACE)]);
  }

  #stop(tableId: number): void {
    this.#dp.ip4.find(tableId)?.remove(BROADCAST, 32, "dhcp");
  }

  #fromClient(packet: Packet, header: IpHeader) {
    // Servers answer from port 67 to port 67: what comes from there is on its way to the client.
    if (u16(packet.bytes, header.payload) === DHCP.serverPort) return this.#fromServer(packet, header);
    const swInterface = this.#dp.interfaces.find(packet.rx);
    const proxy = swInterface && this.config.find(swInterface.ip4.table.tableId);
    if (proxy === undefined) return this.#dp.drop(packet, this.#toServer, "no dhcp server configured");
    const dhcp = header.payload + UDP_HEADER;
    if (!isDhcp(packet.bytes, dhcp, header.end)) return this.#dp.drop(packet, this.#toServer, "not a DHCP message");
    const link = this.#dp.addresses.effective(swInterface!, 4)[0]?.address as number | undefined;
    if (link === undefined) return this.#dp.drop(packet, this.#toServer, "no interface address");
    this.#relay(packet, header, proxy, link);
  }

  #relay(packet: Packet, header: IpHeader, proxy: DhcpProxy, link: number): void {
    const { options, end } = readOptions(packet.bytes, header.payload + UDP_HEADER, header.end);
    if (end === undefined) this.#toServer.count("option 82 insertion error");
    const isDiscover = findOption(options, DHCP_OPTION.messageType)?.[0] === DHCP.discover;
    const servers = isDiscover ? proxy.servers : proxy.servers.slice(0, 1);
    const bytes = withRelayOption(packet, header, end, link);
    const udp = ETHERNET_HEADER + (header.payload - packet.l3);
    writeAddress(bytes, udp + UDP_HEADER + 24, proxy.source);
    writeAddress(bytes, ETHERNET_HEADER + 12, proxy.source);
    setU16(bytes, udp + 6, 0);
    for (const { address, tableId } of servers) {
      const copy = bytes.slice();
      writeAddress(copy, ETHERNET_HEADER + 16, address);
      setIp4Checksum(copy, ETHERNET_HEADER);
      this.#toServer.count("relayed to server");
      const relayed = new Packet(copy, packet.rx);
      relayed.tableId = tableId;
      this.#dp.graph.node("ip4-lookup").send(relayed);
    }
  }

  #fromServer(packet: Packet, header: IpHeader) {
    if (this.#dp.dhcpClients.receive(packet, header)) return this.#toClient.count("DHCP packets for this VPP's client");
    const dhcp = header.payload + UDP_HEADER;
    if (!isDhcp(packet.bytes, dhcp, header.end)) return this.#dp.drop(packet, this.#toClient, "not a DHCP message");
    const relay = relayInfo(findOption(readOptions(packet.bytes, dhcp, header.end).options, DHCP_OPTION.relay));
    if (relay?.swIfIndex === undefined) return this.#dp.drop(packet, this.#toClient, "DHCP no option 82");
    const wrong = this.#checkReply(header, relay);
    if (typeof wrong === "string") return this.#dp.drop(packet, this.#toClient, wrong);
    this.#toClient.count("relayed to client");
    this.#deliver(packet, header, wrong, relay.link);
  }

  /** The interface the reply goes to, or why it does not. */
  #checkReply(header: IpHeader, relay: RelayInfo): SwInterface | string {
    if (relay.link === 0) return "bad DHCP option 82 address";
    const swInterface = this.#dp.interfaces.find(relay.swIfIndex!);
    if (swInterface === undefined) return "bad DHCP option 82 interface";
    const proxy = this.config.find(swInterface.ip4.table.tableId);
    if (proxy === undefined) return "no dhcp server configured";
    if (!proxy.servers.some(({ address }) => address === header.source)) return "bad server address or table";
    const link = this.#dp.addresses.effective(swInterface, 4)[0]?.address;
    if (link === undefined) return "no interface address";
    return link === relay.link ? swInterface : "DHCP option 82 address mismatch";
  }

  #deliver(packet: Packet, header: IpHeader, swInterface: SwInterface, link: number): void {
    const ip = packet.bytes.subarray(packet.l3, header.end);
    const frame = new Uint8Array(ETHERNET_HEADER + ip.length);
    frame.fill(0xff, 0, 6);
    if (swInterface.mac !== undefined) frame.set(swInterface.mac, 6);
    setU16(frame, 12, ETHERTYPE.ip4);
    frame.set(ip, ETHERNET_HEADER);
    const udp = ETHERNET_HEADER + (header.payload - packet.l3);
    setU16(frame, udp + 2, DHCP.clientPort);
    setU16(frame, udp + 6, 0);
    writeAddress(frame, ETHERNET_HEADER + 12, link);
    writeAddress(frame, ETHERNET_HEADER + 16, BROADCAST);
    setIp4Checksum(frame, ETHERNET_HEADER);
    const out = new Packet(frame, packet.rx);
    out.tx = swInterface.swIfIndex;
    this.#dp.graph.node("interface-output").send(out);
  }
}

interface RelayInfo {
  swIfIndex: number | undefined;
  link: number;
}

function relayInfo(option: Uint8Array | undefined): RelayInfo | undefined {
  if (option === undefined) return undefined;
  const info: RelayInfo = { swIfIndex: undefined, link: 0 };
  for (let at = 0; at + 2 <= option.length; at += 2 + option[at + 1]!) {
    if (option[at + 1] !== 4 || at + 6 > option.length) continue;
    if (option[at] === CIRCUIT_ID) info.swIfIndex = u32(option, at + 2);
    if (option[at] === LINK_SELECTION) info.link = readIp4(option, at + 2);
  }
  return info;
}

/** The packet with option 82 in place of its end option, lengths grown to match; without an end option, as it is. */
function withRelayOption(packet: Packet, header: IpHeader, end: number | undefined, link: number): Uint8Array {
  const kept = packet.bytes.subarray(packet.l3, end ?? header.end);
  const tail = end === undefined ? 0 : RELAY_OPTION + 1;
  const bytes = new Uint8Array(ETHERNET_HEADER + kept.length + tail);
  bytes.set(kept, ETHERNET_HEADER);
  if (end === undefined) return bytes;
  const at = ETHERNET_HEADER + kept.length;
  bytes.set([DHCP_OPTION.relay, RELAY_OPTION - 2, CIRCUIT_ID, 4], at);
  setU32(bytes, at + 4, packet.rx);
  bytes.set([LINK_SELECTION, 4], at + 8);
  writeAddress(bytes, at + 10, link);
  bytes[at + RELAY_OPTION] = DHCP_OPTION.end;
  const udp = ETHERNET_HEADER + (header.payload - packet.l3);
  setU16(bytes, ETHERNET_HEADER + 2, bytes.length - ETHERNET_HEADER);
  setU16(bytes, udp + 4, bytes.length - udp);
  return bytes;
}
