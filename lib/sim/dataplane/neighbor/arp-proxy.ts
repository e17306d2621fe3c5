// Proxy ARP: ranges of addresses that VPP answers for.
import { VnetError } from "../../vnet-error.js";
import type { IpTables } from "../fib/index.js";
import type { Plane, SwInterface } from "../interface/index.js";
import { formatAddress } from "../vlib/index.js";

export interface ArpRange {
  tableId: number;
  /** VPP's number of the table beside its id. */
  tableIndex: number;
  low: number;
  high: number;
}

/** arp-proxy: answers for ranges of addresses on the interfaces where it is switched on. */
export class ArpProxy {
  readonly #list = new Map<string, ArpRange>();
  /** VPP's notes that the feature is on, by sw_if_index. A note outlives its interface. */
  readonly #enabled = new Set<number>();
  /** The interfaces on which the feature is on. */
  readonly #effective = new Set<number>();
  readonly #node;
  readonly #plane: Plane;
  readonly #tables: IpTables;

  constructor(plane: Plane, tables: IpTables) {
    this.#plane = plane;
    this.#tables = tables;
    this.#node = plane.graph.node("arp-proxy");
    plane.interfaces.onChange((swInterface, change) => {
      if (change === "delete") this.#effective.delete(swInterface.swIfIndex);
    });
  }

  /** Adds or deletes a range. To add a range again changes nothing; to delete a missing range is an error. */
  addDel(given: Omit<ArpRange, "tableIndex">, isAdd: boolean): void {
    const range = { ...given, tableIndex: this.#tables.get(given.tableId).index };
    const key = `${range.tableId}:${range.low}:${range.high}`;
    if (isAdd) this.#list.set(key, range);
    else if (!this.#list.delete(key)) {
      const text = `${formatAddress(range.low)} - ${formatAddress(range.high)}`;
      throw new VnetError("NO_SUCH_ENTRY", `no proxy ARP for ${text} in table ${range.tableId}`);
    }
  }

  /**
   * Turns proxy ARP on or off. As in VPP, this does nothing if the note already says so, even of another interface with the
   * same index: a deleted interface takes the feature along, and leaves the note.
   */
  setEnabled({ swIfIndex }: SwInterface, on: boolean): void {
    if (this.#enabled.has(swIfIndex) === on) return;
    for (const set of [this.#enabled, this.#effective]) {
      if (on) set.add(swIfIndex);
      else set.delete(swIfIndex);
    }
  }

  ranges(): IterableIterator<ArpRange> {
    return this.#list.values();
  }

  interfaces(): number[] {
    return [...this.#enabled].sort((a, b) => a - b);
  }

  /** Whether a request for `target` that came in on `rx` is answered. */
  answersFor(rx: number, target: number): boolean {
    if (!this.#effective.has(rx) || !this.#covers(rx, target)) return false;
    this.#node.count("ARP replies sent");
    return true;
  }

  #covers(rx: number, target: number): boolean {
    const { tableId } = this.#plane.interfaces.find(rx)!.ip4.table;
    for (const range of this.#list.values()) {
      if (range.tableId === tableId && target >= range.low && target <= range.high) return true;
    }
    return false;
  }
}
