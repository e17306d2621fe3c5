// The DHCP client of VPP.
import { randomInt } from "node:crypto";
import { ETHERTYPE, IP_PROTOCOL } from "../../../net/index.js";
import { MAX_TIMEOUT_MS } from "../../../options.js";
import { VnetError } from "../../vnet-error.js";
import { fibPath } from "../fib/index.js";
import { type Plane, type SwInterface, tagged } from "../interface/index.js";
import { IP4_HEADER, type IpAddresses, type IpHeader, UDP_HEADER, writeIp4Header } from "../ip/index.js";
import { BROADCAST4, ETHERNET_HEADER, equalBytes, Packet, readIp4, setU16, setU32, u16, u32 } from "../vlib/index.js";
import { DHCP, DHCP_OPTION, findOption, isDhcp, readOptions } from "./dhcp.js";
import type { Dhcp4Ports } from "./ports.js";

export type DhcpClientState = "DISCOVER" | "REQUEST" | "BOUND";

export interface DhcpClientOptions {
  hostname: string;
  id: Uint8Array;
  broadcast: boolean;
  dscp: number;
  pid: number;
  wantEvent: boolean;
  /** Called when a lease is bound. */
  bound?: (lease: DhcpLease) => void;
}

export interface DhcpLease {
  swInterface: SwInterface;
  state: DhcpClientState;
  hostname: string;
  maskLength: number;
  address: number;
  router: number;
  dns: number[];
}

/** Milliseconds to the first repetition of an unanswered message; doubled each time, up to the longest. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 16_000;
/** The time of a lease without an end. */
const FOREVER = 0xffffffff;
const PARAMETERS = [1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42];

/** The DHCP client: leases an address for an interface, and sets a default route through the router that the lease names. */
export class DhcpClients {
  readonly #clients = new Map<SwInterface, DhcpClient>();
  readonly #plane: Plane;
  readonly #addresses: IpAddresses;
  readonly #ports: Dhcp4Ports;
  readonly #node;

  constructor(plane: Plane, addresses: IpAddresses, ports: Dhcp4Ports) {
    this.#plane = plane;
    this.#addresses = addresses;
    this.#ports = ports;
    this.#node = plane.graph.node("dhcp-proxy-to-client");
    ports.onPacket(DHCP.clientPort, (packet, header) => this.#receive(packet, header));
    // Servers answer from port 67, and some to port 67.
    ports.onPacket(DHCP.serverPort, (packet, header) => {
      return u16(packet.bytes, header.payload) === DHCP.serverPort && this.#receive(packet, header);
    });
    plane.interfaces.onChange((swInterface, change) => {
      if (change === "delete" && this.#clients.has(swInterface)) this.remove(swInterface);
      if (change === "admin" && swInterface.adminUp) this.#clients.get(swInterface)?.start();
    });
  }

  add(swInterface: SwInterface, options: DhcpClientOptions): void {
    if (this.#clients.has(swInterface)) {
      throw new VnetError("INVALID_VALUE", `there is a DHCP client on ${swInterface.name} already`);
    }
    this.#ports.take();
    const client = new DhcpClient(this.#plane, this.#addresses, this.#ports, swInterface, options);
    this.#clients.set(swInterface, client);
    if (swInterface.adminUp) client.start();
  }

  remove(swInterface: SwInterface): void {
    const client = this.#clients.get(swInterface);
    if (client === undefined) throw new VnetError("INVALID_VALUE", `there is no DHCP client on ${swInterface.name}`);
    this.#clients.delete(swInterface);
    client.stop();
  }

  values(): IterableIterator<DhcpClient> {
    return this.#clients.values();
  }

  /** Returns true if the packet answers one of the clients. */
  #receive(packet: Packet, header: IpHeader): boolean {
    const swInterface = this.#plane.interfaces.find(packet.rx);
    const taken = (swInterface && this.#clients.get(swInterface)?.receive(packet.bytes, header)) ?? false;
    if (taken) this.#node.count("DHCP packets for this VPP's client");
    return taken;
  }

  close(): void {
    for (const client of this.#clients.values()) client.cancel();
  }
}

export class DhcpClient {
  readonly lease: DhcpLease;
  #xid = 0;
  #server = 0;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  readonly #plane: Plane;
  readonly #addresses: IpAddresses;
  readonly #ports: Dhcp4Ports;

  constructor(
    plane: Plane,
    addresses: IpAddresses,
    ports: Dhcp4Ports,
    readonly swInterface: SwInterface,
    readonly options: DhcpClientOptions,
  ) {
    this.#plane = plane;
    this.#addresses = addresses;
    this.#ports = ports;
    const { hostname } = options;
    this.lease = { swInterface, state: "DISCOVER", hostname, maskLength: 0, address: 0, router: 0, dns: [] };
    addresses.enable(swInterface, 4, true);
    ports.receiveBroadcasts(swInterface.ip4.table);
  }

  start(): void {
    this.#discover();
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  stop(): void {
    this.cancel();
    this.#forgetLease();
    this.#addresses.enable(this.swInterface, 4, false);
    this.#ports.ignoreBroadcasts(this.swInterface.ip4.table);
  }

  receive(bytes: Uint8Array, header: IpHeader): boolean {
    const at = header.payload + UDP_HEADER;
    if (!isDhcp(bytes, at, header.end) || u32(bytes, at + 4) !== this.#xid) return false;
    if (!equalBytes(bytes, at + 28, this.swInterface.mac!, 0, 6)) return false;
    const { options } = readOptions(bytes, at, header.end);
    const type = findOption(options, DHCP_OPTION.messageType)?.[0];
    const server = findOption(options, DHCP_OPTION.server);
    if (type === DHCP.offer && this.lease.state === "DISCOVER" && server?.length === 4) {
      this.lease.address = readIp4(bytes, at + 16);
      this.#server = readIp4(server, 0);
      this.#request();
    } else if (type === DHCP.ack && this.lease.state === "REQUEST") {
      this.#bind(readIp4(bytes, at + 16), options);
    } else if (type === DHCP.nak) {
      this.#restart();
    }
    return true;
  }

  #discover(): void {
    this.lease.state = "DISCOVER";
    this.#xid = randomInt(2 ** 32);
    this.#send(DHCP.discover, []);
    this.#retry(() => this.#discover());
  }

  #request(): void {
    this.lease.state = "REQUEST";
    this.#retryMs = FIRST_RETRY_MS;
    this.#repeatRequest();
  }

  #repeatRequest(): void {
    this.#send(DHCP.request, [
      [DHCP_OPTION.requestedAddress, ip4Bytes(this.lease.address)],
      [DHCP_OPTION.server, ip4Bytes(this.#server)],
    ]);
    this.#retry(() => this.#repeatRequest());
  }

  #bind(address: number, options: { code: number; data: Uint8Array }[]) {
    const { lease, swInterface } = this;
    const mask = findOption(options, DHCP_OPTION.mask);
    const dns = findOption(options, DHCP_OPTION.dns) ?? new Uint8Array(0);
    const router = findOption(options, DHCP_OPTION.router);
    lease.address = address;
    lease.maskLength = mask?.length === 4 ? Math.clz32(~u32(mask, 0)) : 24;
    lease.router = router !== undefined && router.length >= 4 ? readIp4(router, 0) : 0;
    lease.dns = Array.from({ length: dns.length >> 2 }, (_, i) => readIp4(dns, 4 * i));
    try {
      this.#addresses.add(swInterface, lease.address, lease.maskLength);
    } catch (error) {
      // The address overlaps another interface's address. VPP logs this and has no lease.
      if (!(error instanceof VnetError)) throw error;
      this.#plane.graph.node("dhcp-client").count("address refused");
      return this.#restart();
    }
    lease.state = "BOUND";
    this.#setDefaultRoute();
    this.#renewLater(findOption(options, DHCP_OPTION.leaseTime));
    this.options.bound?.(lease);
  }

  #setDefaultRoute(): void {
    const { router } = this.lease;
    if (router === 0) return;
    this.swInterface.ip4.table.set(0, 0, "dhcp", [fibPath("next-hop", this.swInterface.swIfIndex, router)]);
  }

  /** At half its time the client asks for the lease again from the start. This is simpler than renewing, and gives the same address. */
  #renewLater(leaseTime: Uint8Array | undefined): void {
    const seconds = leaseTime?.length === 4 ? u32(leaseTime, 0) : FOREVER;
    clearTimeout(this.#timer);
    if (seconds === FOREVER) return;
    const halfMs = Math.min(seconds * 500, MAX_TIMEOUT_MS);
    this.#timer = setTimeout(() => this.#restart(), halfMs).unref();
  }

  #restart(): void {
    this.#forgetLease();
    this.#retryMs = FIRST_RETRY_MS;
    this.#discover();
  }

  #forgetLease(): void {
    const { lease, swInterface } = this;
    if (lease.state === "BOUND") {
      swInterface.ip4.table.remove(0, 0, "dhcp");
      const held = swInterface.ip4.addresses.some(({ address }) => address === lease.address);
      if (held) this.#addresses.remove(swInterface, lease.address, lease.maskLength);
    }
    Object.assign(lease, { state: "DISCOVER", address: 0, maskLength: 0, router: 0, dns: [] });
  }

  #retry(again: () => void): void {
    clearTimeout(this.#timer);
    if (!this.swInterface.adminUp) return;
    this.#timer = setTimeout(again, this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  #send(type: number, more: [number, Uint8Array][]): void {
    const { mac, swIfIndex, adminUp } = this.swInterface;
    if (mac === undefined || !adminUp) return;
    const frame = dhcpFrame(mac, this.#xid, this.options, [[DHCP_OPTION.messageType, Uint8Array.of(type)], ...more]);
    const packet = new Packet(tagged(this.swInterface, frame), swIfIndex);
    packet.tx = swIfIndex;
    this.#plane.graph.node("interface-output").send(packet);
    this.#plane.flush();
  }
}

function ip4Bytes(address: number): Uint8Array {
  const bytes = new Uint8Array(4);
  setU32(bytes, 0, address);
  return bytes;
}

/** A client's message: broadcast on the link, from 0.0.0.0. */
function dhcpFrame(mac: Uint8Array, xid: number, client: DhcpClientOptions, more: [number, Uint8Array][]): Uint8Array {
  const options: [number, Uint8Array][] = [...more, [DHCP_OPTION.parameters, Uint8Array.from(PARAMETERS)]];
  if (client.hostname !== "") options.push([DHCP_OPTION.hostname, Buffer.from(client.hostname)]);
  if (client.id.length > 0) options.push([DHCP_OPTION.clientId, client.id]);
  const size = options.reduce((sum, [, data]) => sum + 2 + data.length, 1);
  const dhcp = ETHERNET_HEADER + IP4_HEADER + UDP_HEADER;
  const frame = new Uint8Array(dhcp + Math.max(DHCP.fixed + 4 + size, 300));
  frame.fill(0xff, 0, 6);
  frame.set(mac, 6);
  setU16(frame, 12, ETHERTYPE.IP4);
  writeIp4Header(frame, ETHERNET_HEADER, frame.length - ETHERNET_HEADER, IP_PROTOCOL.UDP, 0, BROADCAST4);
  setU16(frame, dhcp - 8, DHCP.clientPort);
  setU16(frame, dhcp - 6, DHCP.serverPort);
  setU16(frame, dhcp - 4, frame.length - dhcp + UDP_HEADER);
  frame.set([1, 1, 6, 0], dhcp);
  setU32(frame, dhcp + 4, xid);
  if (client.broadcast) frame[dhcp + 10] = 0x80;
  frame.set(mac, dhcp + 28);
  setU32(frame, dhcp + DHCP.fixed, DHCP.magic);
  let at = dhcp + DHCP.fixed + 4;
  for (const [code, data] of options) {
    frame.set([code, data.length], at);
    frame.set(data, at + 2);
    at += 2 + data.length;
  }
  frame[at] = DHCP_OPTION.end;
  return frame;
}
