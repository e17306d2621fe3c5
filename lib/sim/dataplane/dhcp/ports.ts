// The DHCP ports of IPv4, which the proxies and the clients share.
import { type FibTable, fibPath } from "../fib/index.js";
import type { IpHeader, UdpLocal } from "../ip/index.js";
import { BROADCAST4, NO_INTERFACE, type Packet } from "../vlib/index.js";
import { DHCP } from "./dhcp.js";

/** Looks at a packet for a DHCP port. True: it has taken the packet. */
export type DhcpReceiver = (packet: Packet, header: IpHeader) => boolean;

/** The receivers on the ports 67 and 68, and the tables in which VPP receives broadcasts. */
export class Dhcp4Ports {
  readonly #receivers = { [DHCP.serverPort]: [] as DhcpReceiver[], [DHCP.clientPort]: [] as DhcpReceiver[] };
  readonly #broadcasts = new WeakMap<FibTable, number>();
  readonly #udp: UdpLocal;

  constructor(udp: UdpLocal) {
    this.#udp = udp;
  }

  /** Asks `receiver` about packets for a port, after the receivers that came before it. */
  onPacket(port: 67 | 68, receiver: DhcpReceiver): void {
    this.#receivers[port].push(receiver);
  }

  /** Takes the ports: with the first proxy or client, and, as VPP does, for good. */
  take(): void {
    for (const port of [DHCP.serverPort, DHCP.clientPort] as const) {
      const node = port === DHCP.serverPort ? "dhcp-proxy-to-server" : "dhcp-proxy-to-client";
      this.#udp.register(port, node, (packet, header) => {
        this.#receivers[port].some((receiver) => receiver(packet, header));
      });
    }
  }

  /** Receives broadcasts in a table until each call has been followed by one of `ignoreBroadcasts`, as VPP counts them. */
  receiveBroadcasts(table: FibTable): void {
    const users = this.#broadcasts.get(table) ?? 0;
    this.#broadcasts.set(table, users + 1);
    if (users === 0) table.set(BROADCAST4, 32, "dhcp", [fibPath("receive", NO_INTERFACE)]);
  }

  ignoreBroadcasts(table: FibTable): void {
    const users = (this.#broadcasts.get(table) ?? 1) - 1;
    this.#broadcasts.set(table, users);
    if (users === 0) table.remove(BROADCAST4, 32, "dhcp");
  }
}
