// The VRF tables of one IP version.
import { VnetError } from "../../vnet-error.js";
import { type AddressFamily, Pool, parseAddress, UNSPECIFIED6 } from "../vlib/index.js";
import { FibTable, fibPath } from "./fib.js";
import { MulticastTable } from "./mfib.js";

/** Holds the table that is always there. */
const DEFAULT_LOCK = "default";

/** The VRF tables of one IP version. A table lives as long as it has a holder: the API, an interface bound to it, DHCP. */
export class IpTables {
  readonly #tables = new Map<number, FibTable>();
  readonly #pool = new Pool<FibTable>();
  readonly #multicast = new Map<number, MulticastTable>();

  constructor(readonly family: AddressFamily) {
    this.lock(0, DEFAULT_LOCK, family === 4 ? "ipv4-VRF:0" : "ipv6-VRF:0");
  }

  find(tableId: number): FibTable | undefined {
    return this.#tables.get(tableId);
  }

  /** Returns the table. @throws VnetError NO_SUCH_FIB */
  get(tableId: number): FibTable {
    const table = this.#tables.get(tableId);
    if (table === undefined) throw new VnetError("NO_SUCH_FIB", `there is no IPv${this.family} table ${tableId}`);
    return table;
  }

  multicastTable(tableId: number): MulticastTable {
    let table = this.#multicast.get(tableId);
    if (table === undefined) {
      table = new MulticastTable(this.family);
      this.#multicast.set(tableId, table);
    }
    return table;
  }

  /** An interface is gone: no group of any table is accepted from it or sent to it any more. */
  forget(swIfIndex: number): void {
    for (const table of this.#multicast.values()) table.forget(swIfIndex);
  }

  values(): IterableIterator<FibTable> {
    return this.#tables.values();
  }

  /** Carries out `ip_table_add_del`. To add a table again counts once; table 0 does not change. */
  addDel(tableId: number, isAdd: boolean, name: string): void {
    if (tableId === 0) return;
    if (isAdd) {
      const table = this.#tables.get(tableId);
      if (table?.locks.has("api")) return;
      this.lock(tableId, "api", name);
    } else if (this.#tables.get(tableId)?.locks.has("api")) {
      this.unlock(tableId, "api");
    }
  }

  /** Holds a table for `holder`, and creates it first if it is new. */
  lock(tableId: number, holder: string, name = ""): FibTable {
    let table = this.#tables.get(tableId);
    if (table === undefined) {
      table = new FibTable(this.family, tableId, name || `ipv${this.family}-VRF:${tableId}`);
      addSpecials(table);
      table.index = this.#pool.add(table);
      this.#tables.set(tableId, table);
    }
    table.locks.set(holder, (table.locks.get(holder) ?? 0) + 1);
    return table;
  }

  unlock(tableId: number, holder: string): void {
    const table = this.#tables.get(tableId);
    if (table === undefined) return;
    const left = (table.locks.get(holder) ?? 0) - 1;
    if (left > 0) table.locks.set(holder, left);
    else table.locks.delete(holder);
    if (table.locks.size > 0) return;
    this.#tables.delete(tableId);
    this.#pool.delete(table.index);
    this.#multicast.delete(tableId);
  }
}

/** Adds the routes that every table starts with. */
function addSpecials(table: FibTable): void {
  const drop = () => [fibPath("drop")];
  if (table.family === 6) {
    table.set(UNSPECIFIED6, 0, "default-route", drop());
    table.set(parseAddress("fe80::"), 10, "special", drop());
    return;
  }
  table.set(0, 0, "default-route", drop());
  table.set(0, 32, "default-route", drop());
  table.set(parseAddress("240.0.0.0"), 4, "special", drop());
  table.set(parseAddress("224.0.0.0"), 4, "special", drop());
  table.set(parseAddress("255.255.255.255"), 32, "default-route", drop());
}
