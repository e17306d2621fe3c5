// The feature arcs of the graph: the points at which features look at packets.
import type { AddressFamily } from "./address.js";
import { FeatureArc } from "./feature-arc.js";

/** The arcs of one IP version. */
export class IpArcs {
  readonly unicast: FeatureArc;
  readonly multicast: FeatureArc;
  readonly output: FeatureArc;
  readonly punt: FeatureArc;

  constructor(family: AddressFamily) {
    this.unicast = new FeatureArc(`ip${family}-unicast`);
    this.multicast = new FeatureArc(`ip${family}-multicast`);
    this.output = new FeatureArc(`ip${family}-output`);
    this.punt = new FeatureArc(`ip${family}-punt`);
  }
}

/** All arcs, by VPP's names. */
export class Arcs {
  readonly deviceInput = new FeatureArc("device-input");
  readonly interfaceOutput = new FeatureArc("interface-output");
  readonly l2Input = new FeatureArc("l2-input");
  readonly l2Output = new FeatureArc("l2-output");
  readonly arp = new FeatureArc("arp");
  readonly ip4 = new IpArcs(4);
  readonly ip6 = new IpArcs(6);

  /** The arcs of an IP version. */
  ip(family: AddressFamily): IpArcs {
    return family === 4 ? this.ip4 : this.ip6;
  }

  /** Forgets an interface that is being deleted. */
  forget(swIfIndex: number): void {
    const ip = [this.ip4, this.ip6].flatMap(({ unicast, multicast, output, punt }) => [
      unicast,
      multicast,
      output,
      punt,
    ]);
    const others = [this.deviceInput, this.interfaceOutput, this.l2Input, this.l2Output, this.arp];
    for (const arc of [...others, ...ip]) arc.forget(swIfIndex);
  }
}
