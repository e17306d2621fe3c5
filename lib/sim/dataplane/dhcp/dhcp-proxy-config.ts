// The DHCP servers that serve the clients of each table.
import { VnetError } from "../../vnet-error.js";
import type { IpTables } from "../fib/index.js";
import { type Address, type AddressFamily, UNSPECIFIED6 } from "../vlib/index.js";

export interface DhcpServer {
  address: Address;
  tableId: number;
}

export interface DhcpProxy {
  rxTableId: number;
  source: Address;
  servers: DhcpServer[];
}

/** Which DHCP servers serve the clients of a table. */
export class DhcpProxyConfig {
  readonly #proxies = new Map<number, DhcpProxy>();
  readonly #family: AddressFamily;
  readonly #tables: IpTables;
  readonly #started: (rxTableId: number) => void;
  readonly #stopped: (rxTableId: number) => void;

  /**
   * @param started called with the table of a new proxy
   * @param stopped called with the table of a proxy whose last server is gone
   */
  constructor(
    family: AddressFamily,
    tables: IpTables,
    started: (rxTableId: number) => void,
    stopped: (rxTableId: number) => void,
  ) {
    this.#family = family;
    this.#tables = tables;
    this.#started = started;
    this.#stopped = stopped;
  }

  find(rxTableId: number): DhcpProxy | undefined {
    return this.#proxies.get(rxTableId);
  }

  values(): DhcpProxy[] {
    return [...this.#proxies.values()];
  }

  /** Adds or removes a server. VPP creates tables that do not exist. To add a server twice, or to remove a missing one, is not an error. */
  addDel(rxTableId: number, source: Address, server: DhcpServer, isAdd: boolean): void {
    const zero = this.#family === 4 ? 0 : UNSPECIFIED6;
    if (server.address === zero) throw new VnetError("INVALID_DST_ADDRESS", "the DHCP server has no address");
    if (source === zero) throw new VnetError("INVALID_SRC_ADDRESS", "the DHCP source address is missing");
    if (isAdd) this.#add(rxTableId, source, server);
    else this.#remove(rxTableId, server);
  }

  #add(rxTableId: number, source: Address, server: DhcpServer): void {
    let proxy = this.#proxies.get(rxTableId);
    if (proxy === undefined) {
      proxy = { rxTableId, source, servers: [] };
      this.#proxies.set(rxTableId, proxy);
      // For IPv6 VPP makes only a multicast table of the clients' table.
      if (this.#family === 4) this.#tables.lock(rxTableId, "dhcp");
      this.#started(rxTableId);
    } else if (proxy.servers.some((known) => sameServer(known, server))) {
      return;
    }
    this.#tables.lock(server.tableId, "dhcp");
    proxy.servers.push(server);
  }

  #remove(rxTableId: number, server: DhcpServer): void {
    const proxy = this.#proxies.get(rxTableId);
    const at = proxy?.servers.findIndex((known) => sameServer(known, server)) ?? -1;
    if (proxy === undefined || at < 0) return;
    proxy.servers.splice(at, 1);
    this.#tables.unlock(server.tableId, "dhcp");
    if (proxy.servers.length > 0) return;
    this.#proxies.delete(rxTableId);
    this.#stopped(rxTableId);
    if (this.#family === 4) this.#tables.unlock(rxTableId, "dhcp");
  }
}

function sameServer(a: DhcpServer, b: DhcpServer): boolean {
  return a.address === b.address && a.tableId === b.tableId;
}
