// Reasons why a punt cannot be created now, found before a request goes to VPP.
import { FEATURE_NEEDS, type FeatureNeeds, type Lack, type VppFeature } from "./features.js";

/** Thrown while one punt is planned. Only that punt fails. */
export class Problem extends Error {
  /** The item or rule that causes the problem. */
  readonly item: string;
  readonly code: string;

  constructor(item: string, code: string, message: string) {
    super(message);
    this.item = item;
    this.code = code;
  }
}

/** Returns the problem of a punt that needs `feature` on a VPP without it. `purpose` follows VPP's lack in the message. */
export function featureMissing(feature: VppFeature, lacks: ReadonlyMap<string, Lack>, purpose = ""): Problem {
  const plugin: string = (FEATURE_NEEDS[feature] as FeatureNeeds).plugin ?? feature;
  const { code, text } = lacks.get(feature) ?? { code: "ERR_PLUGIN_MISSING", text: `VPP has no plugin ${plugin}` };
  return new Problem(`plugin/${plugin}`, code, `${text}${purpose}`);
}

/** A thing that a punt waits for. */
export interface Missing {
  readonly kind:
    | "vpp"
    | "interface"
    | "address"
    | "interface-in-vrf"
    | "vrf"
    | "namespace"
    | "container"
    | "punt-reason"
    | "manager"
    | "link-up";
  readonly name: string;
  /** For people: `VPP interface eth0`. */
  readonly text: string;
}
