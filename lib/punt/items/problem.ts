// Why a punt cannot be had as things are, found before anything is sent to VPP.

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

/** Something a punt waits for. */
export interface Missing {
  readonly kind: "vpp" | "interface" | "address" | "interface-in-vrf" | "vrf" | "namespace" | "punt-reason";
  readonly name: string;
  /** As a person reads it: `VPP interface eth0`. */
  readonly text: string;
}
