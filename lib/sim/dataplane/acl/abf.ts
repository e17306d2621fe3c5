// The plugin ABF: ACL-based forwarding.
import { VnetError } from "../../vnet-error.js";
import { type FibPath, samePath } from "../fib/index.js";
import type { Plane } from "../interface/index.js";
import { type IpLookup, parseIp4, parseIp6 } from "../ip/index.js";
import type { AddressFamily, Packet } from "../vlib/index.js";
import type { Acls } from "./acl.js";
import { type Attachment, PolicyAttachments } from "./policies.js";

export interface AbfPolicy {
  acl: number;
  paths: FibPath[];
}

/** ABF: unicast IP packets that an ACL permits go along a policy's paths instead of by the routing table. */
export class Abf {
  readonly #policies = new Map<number, AbfPolicy>();
  readonly #attachments: Record<AddressFamily, PolicyAttachments<AbfPolicy>>;
  readonly #plane: Plane;
  readonly #lookup: Record<AddressFamily, IpLookup>;

  constructor(plane: Plane, acls: Acls, lookup: Record<AddressFamily, IpLookup>) {
    this.#lookup = lookup;
    this.#plane = plane;
    const attachments = (family: AddressFamily) => {
      const arc = plane.arcs.ip(family).unicast;
      arc.register(`abf-input-ip${family}`, (packet) => this.#forward(packet, family));
      return new PolicyAttachments<AbfPolicy>(acls, (swIfIndex, on) => {
        arc.enable(`abf-input-ip${family}`, swIfIndex, on);
      });
    };
    this.#attachments = { 4: attachments(4), 6: attachments(6) };
  }

  /** Creates a policy, or adds paths to it. Its ACL cannot change. */
  update(policyId: number, acl: number, paths: FibPath[]): void {
    checkPaths(paths);
    const known = this.#policies.get(policyId);
    if (known === undefined) {
      this.#policies.set(policyId, { acl, paths: [...paths] });
      return;
    }
    if (known.acl !== acl) throw new VnetError("INVALID_VALUE", `policy ${policyId} has ACL ${known.acl}`);
    for (const path of paths) if (!known.paths.some((other) => samePath(path, other))) known.paths.push(path);
  }

  /** Removes paths. A policy ends with its last path. */
  delete(policyId: number, paths: FibPath[]): void {
    checkPaths(paths);
    const known = this.#policies.get(policyId);
    if (known === undefined) throw new VnetError("INVALID_VALUE", `there is no ABF policy ${policyId}`);
    known.paths = known.paths.filter((path) => !paths.some((other) => samePath(path, other)));
    if (known.paths.length === 0) this.#policies.delete(policyId);
  }

  attach(family: AddressFamily, policyId: number, priority: number, swIfIndex: number): void {
    const policy = this.#policies.get(policyId);
    // The real VPP fails an assertion here, or reads memory that it does not own.
    if (policy === undefined) throw new VnetError("NO_SUCH_ENTRY", `there is no ABF policy ${policyId}`);
    this.#attachments[family].attach(policyId, policy, priority, swIfIndex);
  }

  detach(family: AddressFamily, policyId: number, swIfIndex: number): void {
    this.#attachments[family].detach(policyId, swIfIndex);
  }

  entries(): IterableIterator<[number, AbfPolicy]> {
    return this.#policies.entries();
  }

  *attached(): IterableIterator<Attachment<AbfPolicy> & { family: AddressFamily }> {
    for (const family of [4, 6] as const) {
      for (const attachment of this.#attachments[family].values()) yield { ...attachment, family };
    }
  }

  #forward(packet: Packet, family: AddressFamily): boolean {
    const node = this.#plane.graph.node(`abf-input-ip${family}`);
    const found = this.#attachments[family].match(packet, family);
    if (found === undefined || found.action === 0) {
      node.count("Missed");
      return false;
    }
    node.count("Matched");
    const header = (family === 4 ? parseIp4 : parseIp6)(packet.bytes, packet.l3);
    if (typeof header === "string") return false;
    this.#lookup[family].follow(packet, header, found.attachment.policy.paths);
    return true;
  }
}

function checkPaths(paths: FibPath[]): void {
  if (paths.length === 0) throw new VnetError("INVALID_VALUE", "an ABF policy needs paths");
}
