// The DHCPv6 relay.
import { ETHERTYPE, IP_PROTOCOL } from "../../../net/index.js";
import type { IpTables } from "../fib/index.js";
import { type Plane, type SwInterface, tagged } from "../interface/index.js";
import {
  IP6_HEADER,
  type IpAddresses,
  type IpHeader,
  setPseudoChecksum,
  UDP_HEADER,
  type UdpLocal,
} from "../ip/index.js";
import {
  ETHERNET_HEADER,
  isLinkLocal6,
  Packet,
  parseAddress,
  readIp6,
  setU16,
  setU32,
  u16,
  u32,
  writeAddress,
} from "../vlib/index.js";
import { DhcpProxyConfig } from "./dhcp-proxy-config.js";

const CLIENT_PORT = 546;
const SERVER_PORT = 547;
const SOLICIT = 1;
const RELAY_FORWARD = 12;
const RELAY_REPLY = 13;
/** Messages of clients and relays: solicit, request, confirm, renew, rebind, release, decline, information-request. */
const TO_SERVER = new Set([SOLICIT, 3, 4, 5, 6, 8, 9, 11, RELAY_FORWARD]);
const OPTION_RELAY_MESSAGE = 9;
const OPTION_INTERFACE_ID = 18;
const OPTION_LINK_LAYER_ADDRESS = 79;
const RELAY_HEADER = 34;
const OPTION_HEADER = 4;
const HOP_LIMIT = 32;
const ALL_SERVERS_AND_RELAYS = parseAddress("ff02::1:2");

/** dhcpv6-proxy-to-server and -to-client: relays DHCPv6 in RELAY-FORW and RELAY-REPL messages. */
export class Dhcp6Proxy {
  readonly config: DhcpProxyConfig;
  readonly #toServer;
  readonly #toClient;
  readonly #plane: Plane;
  readonly #tables: IpTables;
  readonly #addresses: IpAddresses;
  readonly #udp: UdpLocal;

  constructor(plane: Plane, tables: IpTables, addresses: IpAddresses, udp: UdpLocal) {
    this.#plane = plane;
    this.#tables = tables;
    this.#addresses = addresses;
    this.#udp = udp;
    this.#toServer = plane.graph.node("dhcpv6-proxy-to-server");
    this.#toClient = plane.graph.node("dhcpv6-proxy-to-client");
    this.config = new DhcpProxyConfig(
      6,
      tables,
      (tableId) => this.#start(tableId),
      (tableId) => this.#stop(tableId),
    );
  }

  #start(tableId: number): void {
    const entry = this.#tables.multicastTable(tableId).ensure(ALL_SERVERS_AND_RELAYS, 128);
    entry.acceptAll = true;
    entry.local = true;
    this.#udp.register(SERVER_PORT, "dhcpv6-proxy-to-server", (packet, header) => this.#fromClient(packet, header));
    this.#udp.register(CLIENT_PORT, "dhcpv6-proxy-to-client", (packet, header) => this.#fromServer(packet, header));
  }

  /** VPP gives up the ports with any proxy that goes, even while others are left. */
  #stop(tableId: number): void {
    this.#tables.multicastTable(tableId).remove(ALL_SERVERS_AND_RELAYS, 128);
    this.#udp.unregister(SERVER_PORT);
    this.#udp.unregister(CLIENT_PORT);
  }

  #fromClient(packet: Packet, header: IpHeader) {
    const message = packet.bytes.subarray(header.payload + UDP_HEADER, header.end);
    const type = message[0];
    if (type === RELAY_REPLY) return this.#fromServer(packet, header);
    if (message.length < 4 || !TO_SERVER.has(type!))
      return this.#plane.drop(packet, this.#toServer, "wrong message type");
    const swInterface = this.#plane.interfaces.find(packet.rx);
    const proxy = swInterface && this.config.find(swInterface.ip6.table.tableId);
    if (proxy === undefined) return this.#plane.drop(packet, this.#toServer, "no DHCPv6 server");
    const link = this.#globalAddress(swInterface!);
    if (link === undefined) return this.#plane.drop(packet, this.#toServer, "no interface address");
    const hops = type === RELAY_FORWARD ? message[1]! + 1 : 0;
    if (hops >= HOP_LIMIT) return this.#plane.drop(packet, this.#toServer, "DHCPv6 relay max hops");
    const body = relayForward(packet, header, message, link, hops);
    for (const server of type === SOLICIT ? proxy.servers : proxy.servers.slice(0, 1)) {
      const frame = udp6Frame(proxy.source as string, server.address as string, CLIENT_PORT, SERVER_PORT, body);
      this.#toServer.count("DHCPv6 packets relayed to the server");
      const relayed = new Packet(frame, packet.rx);
      relayed.tableId = server.tableId;
      this.#plane.graph.node("ip6-lookup").send(relayed);
    }
  }

  #globalAddress(swInterface: SwInterface): string | undefined {
    const addresses = this.#addresses.effective(swInterface, 6);
    return addresses.find(({ address }) => !isLinkLocal6(address))?.address as string | undefined;
  }

  #fromServer(packet: Packet, header: IpHeader) {
    const message = packet.bytes.subarray(header.payload + UDP_HEADER, header.end);
    const reply = parseReply(message);
    if (typeof reply === "string") return this.#plane.drop(packet, this.#toClient, reply);
    const swInterface = this.#plane.interfaces.find(reply.swIfIndex);
    if (swInterface === undefined) return this.#plane.drop(packet, this.#toClient, "wrong interface id option");
    const proxy = this.config.find(swInterface.ip6.table.tableId);
    if (proxy === undefined) return this.#plane.drop(packet, this.#toClient, "no DHCPv6 server");
    if (!proxy.servers.some(({ address }) => address === header.source)) {
      return this.#plane.drop(packet, this.#toClient, "bad DHCPv6 server table or address");
    }
    const source = this.#addresses.effective(swInterface, 6)[0]?.address as string | undefined;
    if (source === undefined) return this.#plane.drop(packet, this.#toClient, "no interface address");
    this.#deliver(packet, swInterface, udp6Frame(source, reply.peer, SERVER_PORT, CLIENT_PORT, reply.message));
  }

  /** Sends the frame as a broadcast: VPP does not look up the client's MAC address. */
  #deliver(packet: Packet, swInterface: SwInterface, frame: Uint8Array): void {
    frame.fill(0xff, 0, 6);
    if (swInterface.mac !== undefined) frame.set(swInterface.mac, 6);
    setU16(frame, 12, ETHERTYPE.IP6);
    const out = new Packet(tagged(swInterface, frame), packet.rx);
    out.tx = swInterface.swIfIndex;
    this.#toClient.count("DHCPv6 packets relayed to the client");
    this.#plane.graph.node("interface-output").send(out);
  }
}

/** Builds the relayed message (RFC 8415, section 9): one option holds the client's message, the rest says who the client is and where. */
function relayForward(
  packet: Packet,
  { source }: IpHeader,
  message: Uint8Array,
  link: string,
  hops: number,
): Uint8Array {
  const isRelayed = message[0] === RELAY_FORWARD;
  const global = !isLinkLocal6(source);
  const macOption = isRelayed ? 0 : OPTION_HEADER + 8;
  const body = new Uint8Array(RELAY_HEADER + OPTION_HEADER + message.length + OPTION_HEADER + 4 + macOption);
  body[0] = RELAY_FORWARD;
  body[1] = hops;
  if (!(isRelayed && global)) writeAddress(body, 2, link);
  writeAddress(body, 18, source);
  let at = option(body, RELAY_HEADER, OPTION_RELAY_MESSAGE, message.length);
  body.set(message, at);
  at = option(body, at + message.length, OPTION_INTERFACE_ID, 4);
  setU32(body, at, packet.rx);
  if (isRelayed) return body;
  at = option(body, at + 4, OPTION_LINK_LAYER_ADDRESS, 8);
  setU16(body, at, 1);
  body.set(packet.bytes.subarray(6, 12), at + 2);
  return body;
}

/** Writes an option's header, and returns the offset of its data. */
function option(body: Uint8Array, at: number, code: number, length: number): number {
  setU16(body, at, code);
  setU16(body, at + 2, length);
  return at + OPTION_HEADER;
}

/** Reads a server's message. VPP takes the bytes behind the last option that it looks at for the client's message, and refuses others. */
function parseReply(message: Uint8Array): { swIfIndex: number; peer: string; message: Uint8Array } | string {
  if (message.length < RELAY_HEADER || message[0] !== RELAY_REPLY) return "wrong message type";
  if (message[1]! > HOP_LIMIT) return "DHCPv6 relay max hops";
  let inner: Uint8Array | undefined;
  let swIfIndex: number | undefined;
  for (let at = RELAY_HEADER; at + OPTION_HEADER <= message.length; ) {
    const length = u16(message, at + 2);
    const data = message.subarray(at + OPTION_HEADER, at + OPTION_HEADER + length);
    if (data.length < length) break;
    if (u16(message, at) === OPTION_RELAY_MESSAGE) inner = data;
    if (u16(message, at) === OPTION_INTERFACE_ID && length === 4) {
      if (inner !== undefined) return "relay message before the interface id";
      swIfIndex = u32(data, 0);
    }
    at += OPTION_HEADER + length;
  }
  if (inner === undefined) return "no relay message option";
  return swIfIndex === undefined ? "no circuit id option" : { swIfIndex, peer: readIp6(message, 18), message: inner };
}

function udp6Frame(source: string, destination: string, from: number, to: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(ETHERNET_HEADER + IP6_HEADER + UDP_HEADER + body.length);
  const at = ETHERNET_HEADER;
  const payload = at + IP6_HEADER;
  frame[at] = 0x60;
  setU16(frame, at + 4, UDP_HEADER + body.length);
  frame[at + 6] = IP_PROTOCOL.UDP;
  frame[at + 7] = HOP_LIMIT;
  writeAddress(frame, at + 8, source);
  writeAddress(frame, at + 24, destination);
  setU16(frame, payload, from);
  setU16(frame, payload + 2, to);
  setU16(frame, payload + 4, UDP_HEADER + body.length);
  frame.set(body, payload + UDP_HEADER);
  const header: IpHeader = {
    family: 6,
    source,
    destination,
    protocol: IP_PROTOCOL.UDP,
    payload,
    end: frame.length,
    laterFragment: false,
  };
  setPseudoChecksum(frame, header, payload + 6);
  return frame;
}
