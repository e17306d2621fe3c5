// MAC addresses of VPP's interfaces.
import test from "ava";
import { interfaceMacs } from "../../lib/net/index.js";

test("a sub-interface has the MAC address of its parent, and a tunnel none", (t) => {
  const NONE = "00:00:00:00:00:00";
  const OWN = "02:fe:00:00:00:01";
  const detail = (sw_if_index: number, sup_sw_if_index: number, l2_address: string) => ({
    ...{ sw_if_index, sup_sw_if_index, l2_address },
  });
  // The parent of the last one was deleted while VPP answered.
  const details = [detail(1, 1, OWN), detail(2, 1, NONE), detail(3, 3, NONE), detail(4, 9, NONE)];
  const macOf = interfaceMacs(details);
  t.deepEqual(
    details.map((each) => [each.sw_if_index, macOf(each)]),
    [
      [1, OWN],
      [2, OWN],
      [3, NONE],
      [4, NONE],
    ],
  );
});
