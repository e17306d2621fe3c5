// The items by which a CNF learns its end of a memif.
import { fromBinary } from "@bufbuild/protobuf";
import test from "ava";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { endsOf } from "../../lib/stonework/orchestrator/ends.js";
import * as wire from "../../lib/stonework/wire.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

test("the item of a memif has its socket, secret, addresses, VRF and MTU", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const hairpinInterface = { name: "hp0", ipAddresses: ["10.7.0.1/24"], vrf: 1, mtu: 1400 };
  const request: PuntRequestInput = {
    ...{ cnf: "c", type: "HAIRPIN", interconnect: "MEMIF", vppInterface: "if0", hairpinInterface },
  };
  const status = await it.manager.add(request, { waitFor: "CREATED" });
  const items = status.metadata.interconnects.flatMap((each) => endsOf(each, status.request));
  const ends = items.map((item) => fromBinary(wire.VppInterfaceSchema, item.data!.union.value!.value));
  t.deepEqual(
    ends.map(({ mtu }) => mtu),
    [0, 1400],
  );
  t.deepEqual(
    ends.map(({ vrf }) => vrf),
    [0, 1],
  );
  for (const [index, { attachment, cnfInterface }] of status.metadata.interconnects.entries()) {
    t.true(attachment.kind === "memif");
    const { socket, secret, id } = attachment as { socket: string; secret: string; id: number };
    t.like(ends[index]!.link.value, { socketFilename: socket, secret, id, master: false, mode: 0 });
    t.like(ends[index], { name: cnfInterface!.name, physAddress: cnfInterface!.mac, enabled: true, type: 4 });
    t.like(items[index]!.id, { model: "vpp.interfaces", name: cnfInterface!.name });
  }
});
