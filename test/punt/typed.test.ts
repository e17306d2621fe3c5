// The manager's calls of VPP are typed: a misspelt message or field does not compile. The compiler checks each expected error.
import test from "ava";
import type { PuntRequestInput, PuntType } from "../../lib/punt/index.js";
import type { Item, KindName, VppApi } from "../../lib/punt/items/index.js";
import type { LateVpp } from "../../lib/vpp/index.js";

/** Is compiled, and never called. */
async function misspelt(vpp: VppApi, late: LateVpp): Promise<unknown[]> {
  const reply = await vpp.call("punt_socket_register", {
    header_version: 1,
    punt: { type: "PUNT_API_TYPE_EXCEPTION", punt: { exception: { id: 1 } } },
    pathname: "/run/a",
  });
  // @ts-expect-error: a message that VPP does not have
  const message = vpp.call("punt_socket_registre", {});
  // @ts-expect-error: a field that the message does not have
  const field = vpp.call("memif_delete", { sw_ifindex: 1 });
  // @ts-expect-error: a value of another type
  const value = vpp.call("memif_delete", { sw_if_index: "1" });
  // @ts-expect-error: a name that the enum does not have
  const flag = vpp.call("sw_interface_set_flags", { sw_if_index: 1, flags: ["IF_STATUS_API_FLAG_ADMIN_UPP"] });
  // @ts-expect-error: a field that the reply does not have
  const path = reply.path_name;
  // @ts-expect-error: a field of the message, through the client that waits for VPP
  const lateField = late.call("memif_delete", { sw_ifindex: 1 });
  // @ts-expect-error: a type that is not registered
  const type: PuntType = "WIRE";
  // @ts-expect-error: a field of another type of punt
  const request: PuntRequestInput = { cnf: "a", type: "SPAN", interconnect: "TAP", vppInterface: "a", vrf: 1 };
  // @ts-expect-error: a kind that is not registered
  const kind: KindName = "wire";
  // @ts-expect-error: an item of a kind that is not registered
  const item: Pick<Item, "kind"> = { kind: "wire" };
  return [message, field, value, flag, path, lateField, type, request, kind, item];
}

test("a misspelt message, field, type or kind does not compile", (t) => {
  t.is(typeof misspelt, "function");
});
