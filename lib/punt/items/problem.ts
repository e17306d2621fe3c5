// Why a punt cannot be had as things are, found before anything is sent to VPP.
import { FEATURE_NEEDS, type FeatureNeeds, type Lack, type VppFeature } from "./features.js";

/** Thrown while planning one punt; it fails that punt alone. */
export class Problem extends Error {
  /** The item or rule that is the reason. */
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

/** Something a punt waits for. */
export interface Missing {
  readonly kind:
    | "vpp"
    | "interface"
    | "address"
    | "interface-in-vrf"
    | "vrf"
    | "namespace"
    | "punt-reason"
    | "manager"
    | "link-up";
  readonly name: string;
  /** As a person reads it: `VPP interface eth0`. */
  readonly text: string;
}
