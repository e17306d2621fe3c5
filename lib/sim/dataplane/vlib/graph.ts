// The graph of nodes, and their counters.
import { PuntError } from "../../../errors.js";
import type { Packet } from "./packet.js";
import { Tracer } from "./tracer.js";

/** One line of `show errors`: a counter of a node. */
export interface NodeCounter {
  node: string;
  reason: string;
  count: number;
}

/** A node of the packet graph: VPP's name, its function and its counters. */
export class GraphNode {
  readonly counters = new Map<string, number>();
  #handler: ((packet: Packet) => void) | undefined;

  constructor(readonly name: string) {}

  /** Gives the node its function. A node is defined once. */
  define(handler: (packet: Packet) => void): this {
    if (this.#handler !== undefined) {
      throw new PuntError("sim.graph", "ERR_INTERNAL", `node ${this.name} is defined twice`);
    }
    this.#handler = handler;
    return this;
  }

  send(packet: Packet): void {
    if (this.#handler === undefined) {
      throw new PuntError("sim.graph", "ERR_INTERNAL", `node ${this.name} is not defined`);
    }
    packet.trace?.hop(this.name);
    this.#handler(packet);
  }

  count(reason: string, n = 1): void {
    this.counters.set(reason, (this.counters.get(reason) ?? 0) + n);
  }
}

/**
 * The nodes by name. A node refers to another through `node(name)` before that is defined: the graph has cycles, the modules
 * have none.
 */
export class Graph {
  readonly tracer = new Tracer();
  readonly #nodes = new Map<string, GraphNode>();

  node(name: string): GraphNode {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = new GraphNode(name);
      this.#nodes.set(name, node);
    }
    return node;
  }

  counters(): NodeCounter[] {
    const lines: NodeCounter[] = [];
    for (const { name, counters } of this.#nodes.values()) {
      for (const [reason, count] of counters) lines.push({ node: name, reason, count });
    }
    return lines;
  }

  clearCounters(): void {
    for (const { counters } of this.#nodes.values()) counters.clear();
  }
}
