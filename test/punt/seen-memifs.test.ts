// Which memifs of VPP count as made by the manager.
import test from "ava";
import { marksFor, SubnetPool } from "../../lib/punt/interconnect/index.js";
import { MEMIF_ID, memifVariant } from "../../lib/punt/items/interface-memif.js";

const pools = { 4: new SubnetPool("192.168.111.0/24", 4), 6: new SubnetPool("fd00::/112", 6) };
const marks = marksFor("test", "/run/test-of-nobody", pools);
const socket = `/run/test-of-nobody/memif-${marks.memifOwner}abcde.sock`;
const made = { role: "MEMIF_ROLE_API_MASTER", mode: "MEMIF_MODE_API_ETHERNET", id: MEMIF_ID, flags: [] };

async function socketOf(memif: object): Promise<string | undefined> {
  const dumps: Record<string, readonly object[]> = {
    memif_dump: [{ sw_if_index: 5, socket_id: 1, ...made, ...memif }],
    memif_socket_filename_dump: [{ socket_id: 1, socket_filename: socket }],
  };
  const vpp = { has: () => true, dumpAll: async (name: string) => dumps[name] };
  const found = (await memifVariant.observe({ vpp, marks } as never)).get(5) as { socket: string } | undefined;
  return found?.socket;
}

test("a memif of ours with another role, mode or id is not usable", async (t) => {
  t.is(await socketOf({}), socket);
  for (const other of [{ role: "MEMIF_ROLE_API_SLAVE" }, { mode: "MEMIF_MODE_API_IP" }, { id: 0 }])
    t.is(await socketOf(other), `unusable:${socket}`);
});
