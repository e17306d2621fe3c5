// Two names that turn out to be those of one network namespace, after punts were added under both.
import test from "ava";
import { EmulatedHost, type PuntRequestInput } from "../../lib/punt/index.js";
import { moveToTable } from "../support/punt/layer3.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

const PATH = "/run/netns/web";
const ALIAS = "/run/containers/web";

function abx(cnf: string, vppInterface: string, path: string): PuntRequestInput {
  const ingressAclRules = [{ protocol: "UDP", destinationPort: 53 }] as const;
  const at = { interconnect: "TAP", netns: { path }, vrf: 1 } as const;
  return { cnf, type: "ABX", ...at, vppInterface, ingressAclRules: [...ingressAclRules] };
}

const real = (path: string) => (path === ALIAS ? PATH : path);

test("punts of one namespace under two names share its VRF device, which stays until the last of them goes", async (t) => {
  const it = await managedVpp({ resyncInterval: 60_000 });
  t.teardown(() => it.close());
  const { client } = it;
  await moveToTable(client, "if4", 1);
  const call = client.call.bind(client) as (...all: unknown[]) => Promise<never>;
  client.call = (...[name, fields, ...rest]: unknown[]) => {
    const { host_namespace: path } = Object(fields) as { host_namespace?: string };
    return call(name, path === undefined ? fields : { ...Object(fields), host_namespace: real(path) }, ...rest);
  };
  let isThere = false;
  const changed: string[] = [];
  class Host extends EmulatedHost {
    override async identify(path: string) {
      return path === ALIAS && !isThere ? undefined : super.identify(real(path));
    }
    override links(path: string) {
      return super.links(real(path));
    }
    override change(path: string, change: Parameters<EmulatedHost["change"]>[1]) {
      changed.push(`${change.change} ${change.name}`);
      return super.change(real(path), change);
    }
  }
  const host = new Host(it.vpp);
  const manager = await it.restartManager({ host });
  t.is((await manager.add(abx("a", "if4", PATH))).state, "CREATED");
  t.is((await manager.add(abx("b", "if5", ALIAS))).state, "PENDING");
  isThere = true;
  await manager.resync();
  t.is(manager.get({ cnf: "b" })!.state, "CREATED");
  const devices = async () => (await host.links(PATH)).map(({ master, kind }) => [kind, master]).sort();
  t.deepEqual(await devices(), [
    ["tun", "vrf1"],
    ["tun", "vrf1"],
    ["vrf", ""],
  ]);
  changed.length = 0;
  await manager.delete({ cnf: "b" });
  await manager.resync();
  t.deepEqual(changed, []);
  t.deepEqual(await devices(), [
    ["tun", "vrf1"],
    ["vrf", ""],
  ]);
  await manager.delete({ cnf: "a" });
  t.deepEqual(changed, ["delete-link vrf1"]);
  t.deepEqual(await devices(), []);
});
