// The StoneWork plugin ABX: ACL-based cross-connect.
import { VnetError } from "../../vnet-error.js";
import type { Plane } from "../interface/index.js";
import { type AddressFamily, ETHERNET_HEADER, isMulticast, type Packet, readAddress } from "../vlib/index.js";
import type { Acls } from "./acl.js";
import { type Attachment, PolicyAttachments } from "./policies.js";

export interface AbxPolicy {
  acl: number;
  txSwIfIndex: number;
  /** All zero means that the destination MAC stays. */
  dstMac: Uint8Array;
}

/**
 * ABX, the StoneWork plugin: IP packets that an ACL matches leave through another interface as the frame they came in, with
 * the policy's destination MAC unless they go to a group. A matching rule counts whether it permits or denies.
 */
export class Abx {
  readonly #policies = new Map<number, AbxPolicy>();
  readonly #attachments: PolicyAttachments<AbxPolicy>;
  readonly #plane: Plane;

  constructor(plane: Plane, acls: Acls) {
    this.#plane = plane;
    const arcs = [plane.arcs.ip4, plane.arcs.ip6].flatMap(({ unicast, multicast }) => [unicast, multicast]);
    for (const arc of arcs) arc.register("abx", (packet) => this.#redirect(packet, arc.name.startsWith("ip4") ? 4 : 6));
    this.#attachments = new PolicyAttachments(acls, (swIfIndex, on) => {
      for (const arc of arcs) arc.enable("abx", swIfIndex, on);
    });
  }

  /** Adds a policy, or changes it in place. Attachments keep the ACL that the policy had when they were made. */
  update(policyId: number, policy: AbxPolicy): void {
    const known = this.#policies.get(policyId);
    if (known === undefined) this.#policies.set(policyId, policy);
    else Object.assign(known, policy);
  }

  /** Deletes a policy. To delete a missing policy is not an error. */
  delete(policyId: number): void {
    this.#policies.delete(policyId);
  }

  attach(policyId: number, priority: number, swIfIndex: number): void {
    const policy = this.#policies.get(policyId);
    if (policy === undefined) throw new VnetError("NO_SUCH_ENTRY", `there is no ABX policy ${policyId}`);
    this.#attachments.attach(policyId, policy, priority, swIfIndex);
  }

  detach(policyId: number, swIfIndex: number): void {
    this.#plane.interfaces.get(swIfIndex);
    this.#attachments.detach(policyId, swIfIndex);
  }

  entries(): IterableIterator<[number, AbxPolicy]> {
    return this.#policies.entries();
  }

  attached(): IterableIterator<Attachment<AbxPolicy>> {
    return this.#attachments.values();
  }

  #redirect(packet: Packet, family: AddressFamily): boolean {
    const found = this.#attachments.match(packet, family);
    if (found === undefined) return false;
    const { dstMac, txSwIfIndex } = found.attachment.policy;
    const destination = readAddress(packet.bytes, packet.l3 + (family === 4 ? 16 : 24), family);
    const rewrites = packet.l3 >= ETHERNET_HEADER && !isMulticast(destination) && dstMac.some((byte) => byte !== 0);
    if (rewrites) packet.bytes.set(dstMac.subarray(0, 6), 0);
    packet.tx = txSwIfIndex;
    this.#plane.graph.node(`abx-ip${family}`).count("ABX forwarded packets");
    this.#plane.graph.node("interface-output").send(packet);
    return true;
  }
}
