// Policies on interfaces, as ABX and ABF have them.
import { VnetError } from "../../vnet-error.js";
import type { AddressFamily, Packet } from "../vlib/index.js";
import type { Acls } from "./acl.js";

export interface Attachment<P> {
  policyId: number;
  policy: P;
  priority: number;
  swIfIndex: number;
  /** The ACL that the policy had when it was attached. VPP does not follow a later change. */
  acl: number;
}

/** The attachments of one interface, the first to be looked at first. */
interface Present<P> {
  readonly attachments: Attachment<P>[];
  readonly acls: number[];
  readonly policies: Set<number>;
}

/**
 * Policies attached to interfaces, each with an ACL that says what it applies to. VPP looks at the lower priority value first.
 * ABX and ABF share this.
 */
export class PolicyAttachments<P extends { acl: number }> {
  readonly #byInterface = new Map<number, Present<P>>();
  readonly #acls: Acls;
  readonly #enable: (swIfIndex: number, on: boolean) => void;

  /** @param enable switches the feature of an interface, with its first and last attachment */
  constructor(acls: Acls, enable: (swIfIndex: number, on: boolean) => void) {
    this.#acls = acls;
    this.#enable = enable;
  }

  attach(policyId: number, policy: P, priority: number, swIfIndex: number): void {
    const present = this.#byInterface.get(swIfIndex) ?? { attachments: [], acls: [], policies: new Set() };
    if (present.policies.has(policyId)) {
      throw new VnetError("ENTRY_ALREADY_EXISTS", `policy ${policyId} is attached to interface ${swIfIndex}`);
    }
    this.#byInterface.set(swIfIndex, present);
    const at = placeOf(present.attachments, priority);
    present.attachments.splice(at, 0, { policyId, policy, priority, swIfIndex, acl: policy.acl });
    present.acls.splice(at, 0, policy.acl);
    present.policies.add(policyId);
    this.#acls.hold(policy.acl, 1);
    if (present.attachments.length === 1) this.#enable(swIfIndex, true);
  }

  detach(policyId: number, swIfIndex: number): void {
    const present = this.#byInterface.get(swIfIndex);
    const at = present?.attachments.findIndex((known) => known.policyId === policyId) ?? -1;
    if (present === undefined || at < 0) {
      throw new VnetError("NO_SUCH_ENTRY", `policy ${policyId} is not attached to interface ${swIfIndex}`);
    }
    const [removed] = present.attachments.splice(at, 1);
    present.acls.splice(at, 1);
    present.policies.delete(policyId);
    this.#acls.hold(removed!.acl, -1);
    if (present.attachments.length > 0) return;
    this.#byInterface.delete(swIfIndex);
    this.#enable(swIfIndex, false);
  }

  *values(): IterableIterator<Attachment<P>> {
    for (const { attachments } of this.#byInterface.values()) yield* attachments;
  }

  /** Returns the attachment whose ACL has a rule for the packet, and the rule's action. */
  match(packet: Packet, family: AddressFamily): { attachment: Attachment<P>; action: number } | undefined {
    const present = this.#byInterface.get(packet.rx);
    if (present === undefined) return undefined;
    const found = this.#acls.match(present.acls, packet, family);
    return found && { attachment: present.attachments[found.position]!, action: found.action };
  }
}

/** Returns the position of a new attachment: after the attachments of the same priority. */
function placeOf(attachments: readonly { priority: number }[], priority: number): number {
  let [low, high] = [0, attachments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (attachments[middle]!.priority <= priority) low = middle + 1;
    else high = middle;
  }
  return low;
}
