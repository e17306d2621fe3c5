// A look at many interfaces of punts, by a client that keeps few requests waiting.
import test from "ava";
import { Vpp } from "../../lib/binapi/index.js";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { cards, managedVpp } from "../support/punt/managed-vpp.js";

const COUNT = 700;
/** Less than the requests for the addresses and tables of all interfaces. */
const QUEUE_LIMIT = 4096;

test("a look asks for the addresses of some interfaces at once: thousands of them fill no client's queue", async (t) => {
  const names = Array.from({ length: COUNT }, (_, index) => `e${index}`);
  const exec = names.flatMap((name, index) => [
    `set interface state ${name} up`,
    `set interface ip address ${name} 10.9.${index >> 8}.${index & 255}/32`,
  ]);
  const it = await managedVpp({}, { interfaces: [...cards, ...names], exec });
  t.teardown(() => it.close());
  const vpp = await Vpp.connect({ socketPath: it.vpp.apiSocket, queueLimit: QUEUE_LIMIT });
  t.teardown(() => vpp.close());
  const manager = await it.restartManager({ vpp });
  const abx = { cnf: "a", type: "ABX", interconnect: "MEMIF" } as const;
  const punts = names.map(
    (name): PuntRequestInput => ({ ...abx, key: name, vppInterface: name, egressAclRules: [{}] }),
  );
  const { added, failed } = await manager.apply({ cnf: "a", punts });
  t.deepEqual(failed, []);
  t.deepEqual(new Set(added.map(({ state }) => state)), new Set(["CREATED"]));
});
