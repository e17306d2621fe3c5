// Policies of the plugin abx and their attachments.

import type { PuntError } from "../../errors.js";
import { isOurPolicy } from "../interconnect/index.js";
import { aclKey, aclNames } from "./acl.js";
import type { Part } from "./item.js";
import { type ActContext, idAt, interfaceKey, type Kind, type ObserveContext } from "./kind.js";
import { NO_INDEX } from "./vpp-api.js";

interface Policy {
  readonly policy: number;
  /** Tag of the ACL. */
  readonly acl: string;
  readonly tx: string;
  /** Destination MAC address that abx writes into the frame; zero leaves the frame's own. */
  readonly mac: string;
}

interface Attach {
  readonly policy: number;
  readonly rx: string;
  readonly priority: number;
}

export function abxPolicyKey(policy: number): string {
  return `abx-policy/${policy}`;
}

export function abxPolicyPart(value: Policy): Part<Policy> {
  return { kind: "abx-policy", key: abxPolicyKey(value.policy), value };
}

export function abxAttachPart(value: Attach): Part<Attach> {
  return { kind: "abx-attach", key: `abx-attach/${value.policy}/${value.rx}`, value };
}

/** A policy. It is ours if its id is in our range. */
export const abxPolicy: Kind<Policy> = {
  async observe(context) {
    if (!context.vpp.has("abx_policy_dump")) return [];
    const [details, tags] = await Promise.all([context.vpp.dumpAll("abx_policy_dump", {}), aclTags(context)]);
    return details.map(({ policy }) => {
      const acl = tags.get(policy.acl_index) ?? `#${policy.acl_index}`;
      const value = { policy: policy.policy_id, acl, tx: idAt(context, policy.tx_sw_if_index), mac: policy.dst_mac };
      const ours = isOurPolicy(context.marks, policy.policy_id, acl);
      return { kind: "abx-policy", key: abxPolicyKey(policy.policy_id), value, ours };
    });
  },

  async create({ vpp, indexOf, indexOfItem }, { policy, acl, tx, mac }) {
    const fields = {
      policy_id: policy,
      acl_index: indexOfItem(aclKey(acl)),
      tx_sw_if_index: indexOf(tx),
      dst_mac: mac,
    };
    await vpp.call("abx_policy_add_del", { is_add: 1, policy: fields });
  },

  async delete({ vpp }, { value }) {
    const fields = { policy_id: value.policy, acl_index: 0, tx_sw_if_index: 0, dst_mac: "00:00:00:00:00:00" };
    await vpp.call("abx_policy_add_del", { is_add: 0, policy: fields });
  },

  // An attachment that has outlived its policy carries nothing, and does not begin to with a policy of the same id.
  comesFirst: true,

  dependsOn: ({ acl, tx }) => [aclKey(acl), interfaceKey(tx)],
};

/** Returns the names of all ACLs by index: a policy names its ACL by the index. */
export async function aclTags({ vpp, marks }: ObserveContext): Promise<ReadonlyMap<number, string>> {
  return aclNames(await vpp.dumpAll("acl_dump", { acl_index: NO_INDEX }), marks);
}

/**
 * An attachment. Attachments to interfaces that are gone are skipped: abx refuses to detach them and does not use them. If the index
 * gets a new interface, the attachment is found as a leftover of ours.
 */
export const abxAttach: Kind<Attach> = {
  async observe(context) {
    if (!context.vpp.has("abx_interface_attach_dump")) return [];
    const [details, policies] = await Promise.all([
      context.vpp.dumpAll("abx_interface_attach_dump", {}),
      abxPolicy.observe(context),
    ]);
    const owned = new Map(policies.map(({ value, ours }) => [value.policy, ours]));
    // Only the id tells the owner of an attachment whose policy is gone: abx deletes a policy that is attached.
    const isOwn = (policy: number) => owned.get(policy) ?? isOurPolicy(context.marks, policy, "");
    return details
      .filter(({ attach }) => context.interfaceAt(attach.rx_sw_if_index))
      .map(({ attach }) => {
        const value = { policy: attach.policy_id, rx: idAt(context, attach.rx_sw_if_index), priority: attach.priority };
        const part = abxAttachPart(value);
        return { kind: part.kind, key: part.key, value, ours: isOwn(attach.policy_id) };
      });
  },

  async create(context, value) {
    await context.once(`abx-attach/${value.rx}`, () => detachFormer(context, value.rx));
    // An attachment that has outlived its policy is listed under the id of another policy.
    const stale = await refusal(attach(context, value, 1), "VPP_ENTRY_ALREADY_EXISTS");
    if (!stale) return;
    await attach(context, value, 0);
    await attach(context, value, 1);
  },

  async delete(context, { value }) {
    await refusal(attach(context, value, 0), "VPP_NO_SUCH_ENTRY");
  },

  dependsOn: ({ policy, rx }) => [abxPolicyKey(policy), interfaceKey(rx)],
};

/**
 * Detaches what an interface that is gone has left under the index of an interface that was made since the look. abx enables nothing on an interface
 * for its second attachment.
 */
async function detachFormer(context: ActContext, rx: string): Promise<void> {
  const index = context.indexOf(rx);
  if (context.facts.interfaces.some(({ id, swIfIndex }) => id === rx && swIfIndex === index)) return;
  const details = await context.vpp.dumpAll("abx_interface_attach_dump", {});
  for (const { attach: former } of details)
    if (former.rx_sw_if_index === index)
      await attach(context, { policy: former.policy_id, rx, priority: former.priority }, 0);
}

/** Waits for a call. @returns whether VPP refuses it with the code */
async function refusal(call: Promise<void>, code: string): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    if ((error as PuntError).code !== code) throw error;
    return true;
  }
}

async function attach({ vpp, indexOf }: ActContext, { policy, rx, priority }: Attach, isAttach: 0 | 1): Promise<void> {
  await vpp.call("abx_interface_attach_detach", {
    is_attach: isAttach,
    attach: { policy_id: policy, priority, rx_sw_if_index: indexOf(rx) },
  });
}
