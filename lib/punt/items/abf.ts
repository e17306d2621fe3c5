// Policies of stock VPP's plugin abf, which stand in for abx, and their attachments.

import type { FibPath, FibPathInput } from "../../binapi/index.js";
import { type Family, familyOf } from "../../net/index.js";
import { isOurPolicy } from "../interconnect/index.js";
import { abxPolicyKey, aclTags } from "./abx.js";
import { aclKey } from "./acl.js";
import type { Facts, Seen } from "./facts.js";
import type { Part } from "./item.js";
import { type ActContext, goneIndex, idAt, interfaceKey, type Kind } from "./kind.js";
import { neighborKey } from "./neighbor.js";

interface Policy {
  readonly policy: number;
  readonly acl: string;
  readonly tx: string;
  readonly nextHop: string;
}

interface Attach {
  readonly policy: number;
  readonly rx: string;
  readonly priority: number;
  readonly family: Family;
}

function abfPolicyKey(policy: number): string {
  return `abf-policy/${policy}`;
}

/**
 * Returns whether a policy of that id cannot become ours: another owner has it, whose range of ids may be ours too, or it leads to an
 * interface that is gone, so that VPP refuses its deletion.
 */
export function isTakenPolicy(id: number, { seen }: Facts): boolean {
  const dead = seen.get(abfPolicyKey(id)) as Seen<Policy> | undefined;
  if (dead && isDead(dead.value)) return true;
  return [abfPolicyKey(id), abxPolicyKey(id)].some((key) => seen.get(key)?.ours === false);
}

function isDead({ tx }: Policy): boolean {
  return goneIndex(tx) !== undefined;
}

export function abfPolicyPart(value: Policy): Part<Policy> {
  return { kind: "abf-policy", key: abfPolicyKey(value.policy), value };
}

export function abfAttachPart(value: Attach): Part<Attach> {
  return { kind: "abf-attach", key: attachKey(value), value };
}

function attachKey({ policy, rx, family }: Attach): string {
  return `abf-attach/${policy}/${rx}/${family}`;
}

/** A policy. It is ours if its id is in our range. Paths are not compared: VPP reports them in several forms. */
export const abfPolicy: Kind<Policy> = {
  async observe(context) {
    if (!context.vpp.has("abf_policy_dump")) return [];
    const [details, tags] = await Promise.all([context.vpp.dumpAll("abf_policy_dump", {}), aclTags(context)]);
    return details.map(({ policy }) => {
      const [path] = policy.paths;
      const acl = tags.get(policy.acl_index) ?? `#${policy.acl_index}`;
      const value = {
        policy: policy.policy_id,
        acl,
        tx: idAt(context, path?.sw_if_index),
        nextHop: hopOf(path),
      };
      return {
        kind: "abf-policy",
        key: abfPolicyKey(policy.policy_id),
        value,
        ours: isOurPolicy(context.marks, policy.policy_id, acl),
      };
    });
  },

  create: (context, value) => set(context, value, true),

  // VPP refuses paths to an interface that is gone. Another interface gets its index one day.
  stays: isDead,

  // VPP deletes a policy with its last path, so the request names the path.
  delete: (context, { value }) => set(context, value, false),

  // It stays whatever goes.
  dependsOn: (value) => (isDead(value) ? [] : needsOf(value)),
};

function needsOf({ acl, tx, nextHop }: Policy): string[] {
  return [aclKey(acl), interfaceKey(tx), neighborKey(tx, nextHop)];
}

function hopOf(path: FibPath | undefined): string {
  const address = path?.nh.address;
  return (path?.proto === "FIB_API_PATH_NH_PROTO_IP6" ? address?.ip6 : address?.ip4) ?? "";
}

async function set(
  { vpp, indexOf, indexOfItem }: ActContext,
  { policy, acl, tx, nextHop }: Policy,
  isAdd: boolean,
): Promise<void> {
  const fields = { policy_id: policy, acl_index: indexOfItem(aclKey(acl)), paths: [pathTo(indexOf(tx), nextHop)] };
  await vpp.call("abf_policy_add_del", { is_add: isAdd, policy: fields });
}

function pathTo(swIfIndex: number, nextHop: string): FibPathInput {
  const v4 = familyOf(nextHop) === 4;
  const label = { is_uniform: 0, label: 0, ttl: 0, exp: 0 };
  return {
    sw_if_index: swIfIndex,
    table_id: 0,
    rpf_id: 0xffff_ffff,
    weight: 1,
    preference: 0,
    type: "FIB_API_PATH_TYPE_NORMAL",
    flags: "FIB_API_PATH_FLAG_NONE",
    proto: v4 ? "FIB_API_PATH_NH_PROTO_IP4" : "FIB_API_PATH_NH_PROTO_IP6",
    nh: { address: v4 ? { ip4: nextHop } : { ip6: nextHop }, via_label: 0, obj_id: 0, classify_table_index: 0 },
    n_labels: 0,
    label_stack: Array.from({ length: 16 }, () => label),
  };
}

export const abfAttach: Kind<Attach> = {
  async observe(context) {
    if (!context.vpp.has("abf_itf_attach_dump")) return [];
    const [details, policies] = await Promise.all([
      context.vpp.dumpAll("abf_itf_attach_dump", {}),
      abfPolicy.observe(context),
    ]);
    const ours = new Set(policies.filter((policy) => policy.ours).map(({ value }) => value.policy));
    return details.map(({ attach }) => {
      const family: Family = attach.is_ipv6 ? 6 : 4;
      const value = {
        policy: attach.policy_id,
        rx: idAt(context, attach.sw_if_index),
        priority: attach.priority,
        family,
      };
      return { kind: "abf-attach", key: attachKey(value), value, ours: ours.has(attach.policy_id) };
    });
  },

  create: (context, value) => attach(context, value, true),

  delete: (context, { value }) => attach(context, value, false),

  dependsOn: ({ policy, rx }) => [abfPolicyKey(policy), interfaceKey(rx)],
};

async function attach(
  { vpp, indexOf }: ActContext,
  { policy, rx, priority, family }: Attach,
  isAdd: boolean,
): Promise<void> {
  const fields = { policy_id: policy, sw_if_index: indexOf(rx), priority, is_ipv6: family === 6 };
  await vpp.call("abf_itf_attach_add_del", { is_add: isAdd, attach: fields });
}
