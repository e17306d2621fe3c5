// The metadata of a punt: what its CNF needs to use it.

import type { Interconnect, InterfaceLink, Marks } from "./interconnect/index.js";
import { vrfDeviceName } from "./interconnect/index.js";
import type { VppInterface } from "./items/index.js";
import { MEMIF_ID } from "./items/index.js";
import type { InterconnectType, PuntId, PuntType } from "./request/index.js";
import { addressesOf, vppMac } from "./types/index.js";

/** One side of an interconnect. */
export interface InterfaceMetadata {
  readonly name: string;
  readonly mac: string;
  /** With prefix length. */
  readonly addresses: readonly string[];
  readonly vrf: number;
  /** The Linux VRF device; "" if there is none. */
  readonly vrfName: string;
}

/** The end that a CNF opens. */
export type Attachment =
  | { readonly kind: "memif"; readonly socket: string; readonly id: number; readonly secret: string }
  | {
      readonly kind: "af-unix";
      readonly path: string;
      /** VPP's socket for injected packets; undefined until VPP has reported it. */
      readonly vppPath?: string;
    }
  | {
      readonly kind: "tap";
      readonly name: string;
      /** Path of its namespace; "" for the manager's own. */
      readonly namespace: string;
    };

export interface InterconnectMetadata {
  readonly type: InterconnectType;
  readonly vppSelector: string;
  readonly cnfSelector: string;
  /** Absent for AF_UNIX. */
  readonly vppInterface?: InterfaceMetadata;
  readonly cnfInterface?: InterfaceMetadata;
  /** Whether more than one punt uses it. */
  readonly shared: boolean;
  readonly attachment: Attachment;
}

/** Why a punt is DEGRADED: VPP has every item, but cannot deliver all the packets, or not the way back. */
export interface Degradation {
  /** Stable name, such as `MTU` or `UNICAST_ONLY`. */
  readonly code: string;
  readonly text: string;
  /** The remedy. */
  readonly remedy: string;
}

export interface PuntMetadata {
  readonly id: PuntId;
  readonly type: PuntType;
  readonly interconnects: readonly InterconnectMetadata[];
  /** Where the punt was made in another way than usual, and what this VPP or machine cannot do for it. */
  readonly caveats: readonly string[];
}

export interface MetadataContext {
  readonly marks: Marks;
  readonly injectPath: string | undefined;
  namespace(id: number): string;
  /** Undefined while VPP has not been read. */
  interface(name: string): VppInterface | undefined;
  cnfMac(interconnect: Interconnect): string;
}

export function interconnectMetadata(interconnect: Interconnect, context: MetadataContext): InterconnectMetadata {
  const { type, vppSelector, cnfSelector, users } = interconnect;
  const basis = {
    type,
    vppSelector,
    cnfSelector,
    shared: users.length > 1,
    attachment: attachmentOf(interconnect, context),
  };
  const { link } = interconnect;
  return link.form === "socket" ? basis : { ...basis, ...sides(interconnect, link, context) };
}

function sides(interconnect: Interconnect, link: InterfaceLink, context: MetadataContext) {
  const lender = link.unnumberedTo === undefined ? undefined : context.interface(link.unnumberedTo);
  const { vpp, cnf } = addressesOf(interconnect, lender, context.marks);
  const { name } = interconnect;
  const cnfVrf = link.withoutCnfVrf ? 0 : link.vrf;
  const cnfVrfName = cnfVrf === 0 ? "" : vrfDeviceName(cnfVrf);
  return {
    vppInterface: { name, mac: vppMac(interconnect, context.marks), addresses: vpp, vrf: link.vrf, vrfName: "" },
    cnfInterface: { name, mac: context.cnfMac(interconnect), addresses: cnf, vrf: cnfVrf, vrfName: cnfVrfName },
  };
}

function attachmentOf(interconnect: Interconnect, { injectPath, namespace }: MetadataContext): Attachment {
  const { link, name, netns, socket, secret } = interconnect;
  if (link.form === "socket")
    return { kind: "af-unix", path: link.path, ...(injectPath !== undefined && { vppPath: injectPath }) };
  if (interconnect.type === "MEMIF") return { kind: "memif", socket: socket!, id: MEMIF_ID, secret: secret! };
  return { kind: "tap", name, namespace: namespace(netns!) };
}

/** Returns a status without the secrets, which only the CNF may know: the same object if it has none. */
export function withoutSecrets<S extends { readonly metadata: PuntMetadata }>(status: S): S {
  if (!status.metadata.interconnects.some(({ attachment }) => attachment.kind === "memif")) return status;
  const interconnects = status.metadata.interconnects.map((interconnect) => {
    const { attachment } = interconnect;
    return attachment.kind === "memif" ? { ...interconnect, attachment: { ...attachment, secret: "" } } : interconnect;
  });
  return { ...status, metadata: { ...status.metadata, interconnects } };
}
