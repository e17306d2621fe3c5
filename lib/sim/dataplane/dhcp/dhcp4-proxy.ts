// The DHCP relay for IPv4.
import { ETHERTYPE } from "../../../net/index.js";
import type { IpTables } from "../fib/index.js";
import { type Plane, type SwInterface, tagged } from "../interface/index.js";
import { type IpAddresses, type IpHeader, setIp4Checksum, UDP_HEADER } from "../ip/index.js";
import { BROADCAST4, ETHERNET_HEADER, Packet, readIp4, setU16, setU32, u16, u32, writeAddress } from "../vlib/index.js";
import { DHCP, DHCP_OPTION, findOption, isDhcp, readOptions } from "./dhcp.js";
import { type DhcpProxy, DhcpProxyConfig } from "./dhcp-proxy-config.js";
import type { Dhcp4Ports } from "./ports.js";

/** Option 82 as VPP writes it: circuit id = sw_if_index, and the address of the client's link. */
const RELAY_OPTION = 14;
const CIRCUIT_ID = 1;
const LINK_SELECTION = 5;

/** dhcp-proxy-to-server and dhcp-proxy-to-client: relays between clients on a table's links and their servers. */
export class Dhcp4Proxy {
  readonly config: DhcpProxyConfig;
  readonly #toServer;
  readonly #toClient;
  readonly #plane: Plane;
  readonly #tables: IpTables;
  readonly #addresses: IpAddresses;
  readonly #ports: Dhcp4Ports;

  constructor(plane: Plane, tables: IpTables, addresses: IpAddresses, ports: Dhcp4Ports) {
    this.#plane = plane;
    this.#tables = tables;
    this.#addresses = addresses;
    this.#ports = ports;
    this.#toServer = plane.graph.node("dhcp-proxy-to-server");
    this.#toClient = plane.graph.node("dhcp-proxy-to-client");
    ports.onPacket(DHCP.serverPort, (packet, header) => this.#fromClient(packet, header));
    ports.onPacket(DHCP.clientPort, (packet, header) => this.#fromServer(packet, header));
    this.config = new DhcpProxyConfig(
      4,
      tables,
      (tableId) => this.#start(tableId),
      (tableId) => this.#stop(tableId),
    );
  }

  /** Takes the ports, and the broadcasts of the table's clients. */
  #start(tableId: number): void {
    this.#ports.take();
    this.#ports.receiveBroadcasts(this.#tables.get(tableId));
  }

  #stop(tableId: number): void {
    const table = this.#tables.find(tableId);
    if (table !== undefined) this.#ports.ignoreBroadcasts(table);
  }

  #fromClient(packet: Packet, header: IpHeader): boolean {
    // Servers answer from port 67 to port 67: a packet from there is on its way to the client.
    if (u16(packet.bytes, header.payload) === DHCP.serverPort) return this.#fromServer(packet, header);
    const wrong = this.#toServers(packet, header);
    if (wrong !== undefined) this.#plane.drop(packet, this.#toServer, wrong);
    return true;
  }

  /** Relays a client's message, or says why it does not. */
  #toServers(packet: Packet, header: IpHeader): string | undefined {
    const swInterface = this.#plane.interfaces.find(packet.rx);
    const proxy = swInterface && this.config.find(swInterface.ip4.table.tableId);
    if (proxy === undefined) return "no dhcp server configured";
    if (!isDhcp(packet.bytes, header.payload + UDP_HEADER, header.end)) return "not a DHCP message";
    const link = this.#addresses.effective(swInterface!, 4)[0]?.address as number | undefined;
    if (link === undefined) return "no interface address";
    this.#relay(packet, header, proxy, link);
    return undefined;
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
      this.#plane.graph.node("ip4-lookup").send(relayed);
    }
  }

  #fromServer(packet: Packet, header: IpHeader): boolean {
    const wrong = this.#toLink(packet, header);
    if (wrong !== undefined) this.#plane.drop(packet, this.#toClient, wrong);
    return true;
  }

  /** Relays a server's message, or says why it does not. */
  #toLink(packet: Packet, header: IpHeader): string | undefined {
    const dhcp = header.payload + UDP_HEADER;
    if (!isDhcp(packet.bytes, dhcp, header.end)) return "not a DHCP message";
    const relay = relayInfo(findOption(readOptions(packet.bytes, dhcp, header.end).options, DHCP_OPTION.relay));
    if (relay?.swIfIndex === undefined) return "DHCP no option 82";
    const out = this.#checkReply(header, relay);
    if (typeof out === "string") return out;
    this.#toClient.count("relayed to client");
    this.#deliver(packet, header, out, relay.link);
    return undefined;
  }

  /** Returns the interface that the reply goes to, or the reason why VPP drops it. */
  #checkReply(header: IpHeader, relay: RelayInfo): SwInterface | string {
    if (relay.link === 0) return "bad DHCP option 82 address";
    const swInterface = this.#plane.interfaces.find(relay.swIfIndex!);
    if (swInterface === undefined) return "bad DHCP option 82 interface";
    const proxy = this.config.find(swInterface.ip4.table.tableId);
    if (proxy === undefined) return "no dhcp server configured";
    if (!proxy.servers.some(({ address }) => address === header.source)) return "bad server address or table";
    const link = this.#addresses.effective(swInterface, 4)[0]?.address;
    if (link === undefined) return "no interface address";
    return link === relay.link ? swInterface : "DHCP option 82 address mismatch";
  }

  #deliver(packet: Packet, header: IpHeader, swInterface: SwInterface, link: number): void {
    const ip = packet.bytes.subarray(packet.l3, header.end);
    const frame = new Uint8Array(ETHERNET_HEADER + ip.length);
    frame.fill(0xff, 0, 6);
    if (swInterface.mac !== undefined) frame.set(swInterface.mac, 6);
    setU16(frame, 12, ETHERTYPE.IP4);
    frame.set(ip, ETHERNET_HEADER);
    const udp = ETHERNET_HEADER + (header.payload - packet.l3);
    setU16(frame, udp + 2, DHCP.clientPort);
    setU16(frame, udp + 6, 0);
    writeAddress(frame, ETHERNET_HEADER + 12, link);
    writeAddress(frame, ETHERNET_HEADER + 16, BROADCAST4);
    setIp4Checksum(frame, ETHERNET_HEADER);
    const out = new Packet(tagged(swInterface, frame), packet.rx);
    out.tx = swInterface.swIfIndex;
    this.#plane.graph.node("interface-output").send(out);
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

/** Returns the packet with option 82 before its end option, and with its lengths adjusted. Returns a packet without an end option unchanged. */
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
