// The addresses that the CNF's TAP borrows from its interface, and Linux's way with several of one subnet.
import test from "ava";
import { EmulatedHost } from "../../lib/punt/index.js";
import { setAddress } from "../support/punt/layer3.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

/** A host that removes the further addresses of a subnet with its first one, as Linux does. */
class Linux extends EmulatedHost {
  readonly #gone = new Set<string>();
  override async change(...[path, change]: Parameters<EmulatedHost["change"]>): Promise<void> {
    if (change.change !== "delete-address") return super.change(path, change);
    if (this.#gone.has(change.address)) throw Object.assign(new Error("gone"), { code: "EADDRNOTAVAIL" });
    const [link] = (await this.links(path)).filter(({ name }) => name === change.name);
    for (const address of link!.addresses.filter((other) => other.startsWith("10.0.0."))) {
      this.#gone.add(address);
      await super.change(path, { ...change, address });
    }
  }
}

test("two addresses of one subnet are replaced without a failure", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { client } = it;
  const host = new Linux(it.vpp);
  const manager = await it.restartManager({ host });
  await setAddress(client, "if0", "10.0.0.2/24", true);
  await manager.add(
    { cnf: "a", type: "ABX", interconnect: "TAP", vppInterface: "if0", ingressAclRules: [{ protocol: "TCP" }] },
    { waitFor: "CREATED" },
  );
  const events: string[] = [];
  manager.on("state", ({ to, cause }) => events.push(`${to}: ${cause}`));
  await setAddress(client, "if0", "10.7.0.1/24", true);
  await setAddress(client, "if0", "10.0.0.1/24", false);
  await setAddress(client, "if0", "10.0.0.2/24", false);
  await manager.resync();
  t.deepEqual(events, []);
  t.deepEqual(
    (await host.links("")).flatMap(({ addresses }) => addresses),
    ["10.7.0.1/24"],
  );
});
