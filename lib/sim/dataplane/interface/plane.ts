// The parts that each node of the graph may use: the graph, and the interfaces that packets come from and go to.
import type { Arcs, Graph, GraphNode, Packet } from "../vlib/index.js";
import type { InterfaceTable, SwInterface } from "./interface.js";

/** The part of the data plane that every node sees. A node gets the two or three other nodes that it calls beside it. */
export interface Plane {
  readonly graph: Graph;
  readonly arcs: Arcs;
  readonly interfaces: InterfaceTable;
  /** Ends a packet: `node` counts `reason`, and the receiving interface counts a drop. */
  drop(packet: Packet, node: GraphNode, reason: string): void;
  /** Sends a frame through the interface's device. The bytes belong to the device from now on. */
  transmit(swInterface: SwInterface, frame: Uint8Array): void;
  /** Ends a burst: devices send the frames that they have collected. */
  flush(): void;
}
