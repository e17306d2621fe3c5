// Punt sockets: registrations, punted packets and injected packets.
import { IP_PROTOCOL } from "../../../net/index.js";
import { actionAt, DESCRIPTOR_SIZE, PuntAction, swIfIndexAt } from "../../../punt-socket/index.js";
import { VnetError } from "../../vnet-error.js";
import type { Plane } from "../interface/index.js";
import { type Icmp6, IP4_HEADER, IP6_HEADER, type IpHeader, type IpLocal, type UdpLocal } from "../ip/index.js";
import { type AddressFamily, NO_INTERFACE, Packet, u16 } from "../vlib/index.js";
import type { Punt } from "./punt.js";

/** A client's request. The keys are VPP's: L4 by (family, port) without the protocol. */
export type PuntRegistration =
  | { kind: "l4"; family: AddressFamily; protocol: number; port: number }
  | { kind: "ip-proto"; family: AddressFamily; protocol: number }
  | { kind: "exception"; reason: number };

export interface PuntClient {
  registration: PuntRegistration;
  path: string;
}

/** The socket that VPP punts through. */
export interface PuntTransport {
  /** The path that clients inject to. */
  readonly path: string;
  /** Queues one packet for a client. Calls `done` once, with whether the kernel took the packet. */
  send(path: string, swIfIndex: number, frame: Uint8Array, done: (accepted: boolean) => void): void;
}

const HEADER_VERSION = 1;
const INVALID_PORT = 0xffff;
/** VPP reads only longer datagrams: a descriptor and an IPv4 header are too short. */
const SHORTEST_INJECTION = 28;

/** The nodes that punt sockets take packets from. */
export interface PuntNeighbors {
  readonly local: Record<AddressFamily, IpLocal>;
  readonly udp: Record<AddressFamily, UdpLocal>;
  readonly icmp6: Icmp6;
  readonly punt: Punt;
}

/** Punt sockets: which packets go to which client's socket, and what clients send back. */
export class PuntSocketNode {
  /** Set when startup.conf has a `punt { socket PATH }` stanza. */
  transport: PuntTransport | undefined;
  readonly #clients = {
    l4: new Map<string, PuntClient>(),
    proto: new Map<string, PuntClient>(),
    exception: new Map<number, PuntClient>(),
  };
  readonly #nodes;
  readonly #plane: Plane;
  readonly #neighbors: PuntNeighbors;

  constructor(plane: Plane, neighbors: PuntNeighbors) {
    this.#neighbors = neighbors;
    this.#plane = plane;
    // VPP counts every kind under the UDP node of its family.
    this.#nodes = { 4: plane.graph.node("ip4-udp-punt-socket"), 6: plane.graph.node("ip6-udp-punt-socket") };
  }

  /** Registers a client. It silently replaces the client of the same key. Every failure is VPP's plain -1. */
  register(registration: PuntRegistration, path: string, headerVersion: number): void {
    this.#checkConfigured();
    if (headerVersion !== HEADER_VERSION) throw new VnetError("UNSPECIFIED", "Invalid packet descriptor version");
    if (path === this.transport!.path) {
      throw new VnetError("UNSPECIFIED", `Punt socket: Invalid client path: ${path}`);
    }
    if (registration.kind === "l4") this.#registerL4(registration, path);
    else if (registration.kind === "ip-proto") this.#registerProto(registration, path);
    else this.#registerException(registration, path);
  }

  deregister(registration: PuntRegistration): void {
    this.#checkConfigured();
    if (registration.kind === "l4") {
      this.#neighbors.udp[registration.family].unregister(registration.port);
      this.#clients.l4.delete(l4Key(registration.family, registration.port));
    } else if (registration.kind === "ip-proto") {
      this.#neighbors.local[registration.family].unregister(registration.protocol);
      this.#clients.proto.delete(l4Key(registration.family, registration.protocol));
    } else {
      this.#clients.exception.delete(registration.reason);
    }
  }

  list(kind: PuntRegistration["kind"]): PuntClient[] {
    if (kind === "exception") return [...this.#clients.exception].sort(([a], [b]) => a - b).map(([, client]) => client);
    return [...(kind === "l4" ? this.#clients.l4 : this.#clients.proto).values()];
  }

  /** Takes a datagram of a client: a descriptor and a frame. VPP checks little of it. */
  inject(datagram: Uint8Array) {
    const node = this.#plane.graph.node("punt-socket-rx");
    if (datagram.length <= SHORTEST_INJECTION) return node.count("Socket RX error, readv error");
    const swIfIndex = swIfIndexAt(datagram, 0);
    const action = actionAt(datagram, 0);
    if (action > PuntAction.IP6_ROUTED) return node.count("Socket RX error, unknown action");
    if (this.#plane.interfaces.find(swIfIndex) === undefined) {
      // The real VPP would read foreign memory or crash here. The embedded VPP counts instead.
      return node.count("unknown sw_if_index: VPP would crash");
    }
    this.#route(datagram.slice(DESCRIPTOR_SIZE), swIfIndex, action);
  }

  #route(frame: Uint8Array, swIfIndex: number, action: number): void {
    const packet = new Packet(frame, swIfIndex);
    packet.local = true;
    packet.l3 = action === PuntAction.L2 ? packet.l3 : 0;
    if (action === PuntAction.L2) {
      packet.rx = NO_INTERFACE;
      packet.tx = swIfIndex;
      this.#plane.graph.node("interface-output").send(packet);
    } else {
      this.#plane.graph.node(action === PuntAction.IP4_ROUTED ? "ip4-lookup" : "ip6-lookup").send(packet);
    }
  }

  #checkConfigured(): void {
    if (this.transport === undefined) throw new VnetError("UNSPECIFIED", "socket is not configured");
  }

  #registerL4(registration: PuntRegistration & { kind: "l4" }, path: string): void {
    const { family, protocol, port } = registration;
    if (port === INVALID_PORT) throw new VnetError("UNSPECIFIED", "Port number required");
    if (protocol === IP_PROTOCOL.UDP) {
      this.#neighbors.udp[family].register(port, `ip${family}-udp-punt-socket`, (packet, header) =>
        this.#puntUdp(packet, header),
      );
    } else if (protocol === IP_PROTOCOL.ICMPV6 && family === 6) {
      this.#neighbors.icmp6.register(port & 0xff, (packet, { payload }) => {
        this.#punt(packet, 6, this.#clients.l4.get(l4Key(6, packet.bytes[payload]!)));
      });
    } else {
      throw new VnetError("UNSPECIFIED", `only UDP or ICMP6 protocol (17, 58) is supported, got ${protocol}`);
    }
    this.#clients.l4.set(l4Key(family, port), { registration, path });
  }

  #registerProto(registration: PuntRegistration & { kind: "ip-proto" }, path: string): void {
    const { family, protocol } = registration;
    this.#clients.proto.set(l4Key(family, protocol), { registration, path });
    this.#neighbors.local[family].register(protocol, `ip${family}-proto-punt-socket`, (packet, header) => {
      this.#punt(packet, family, this.#clients.proto.get(l4Key(family, header.protocol)));
    });
  }

  #registerException(registration: PuntRegistration & { kind: "exception" }, path: string): void {
    const { reason } = registration;
    this.#clients.exception.set(reason, { registration, path });
    this.#neighbors.punt.registerException(reason, "exception-punt-socket", (packet) =>
      this.#punt(packet, 4, this.#clients.exception.get(reason)),
    );
  }

  /** Punts a UDP packet. VPP rewinds a fixed header, so the client misses as many bytes at the start as the extension headers have. */
  #puntUdp(packet: Packet, { family, payload }: IpHeader): void {
    const headerAt = payload - (family === 4 ? IP4_HEADER : IP6_HEADER);
    const port = u16(packet.bytes, payload + 2);
    this.#punt(packet, family, this.#clients.l4.get(l4Key(family, port)), headerAt - packet.l3);
  }

  #punt(packet: Packet, family: AddressFamily, client: PuntClient | undefined, skip = 0): void {
    const node = this.#nodes[family];
    packet.trace?.hop(node.name, client === undefined ? "no client" : `to ${client.path}`);
    if (client === undefined || this.transport === undefined) {
      node.count("Socket TX error");
      return;
    }
    this.transport.send(client.path, packet.rx, packet.bytes.subarray(skip), (accepted) => {
      node.count(accepted ? "Socket TX" : "Socket TX error");
    });
  }
}

function l4Key(family: AddressFamily, value: number): string {
  return `${family}:${value}`;
}
