// Changes of one CNF's punts are made in the order of their calls, also while the first of them still looks for something.
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { EmulatedHost, PuntManagerOptions, PuntStatus } from "../../lib/punt/index.js";
import { Gate } from "../support/gate.js";
import { type ManagedVpp, managedVpp } from "../support/punt/managed-vpp.js";

const SPAN = { cnf: "a", key: "x", type: "SPAN", interconnect: "TAP", vppInterface: "if0" } as const;
const OTHER = { ...SPAN, vppInterface: "if1" };
const X = { cnf: "a", key: "x", label: "" };

/** A manager that has just been started: its first look at VPP is under way. */
async function looking(t: ExecutionContext): Promise<ManagedVpp> {
  const it = await managedVpp();
  t.teardown(() => it.close());
  await it.restartManager();
  return it;
}

/** A manager whose search for the namespace `/run/slow` lasts until the gate opens. */
async function searching(t: ExecutionContext, options: Partial<PuntManagerOptions> = {}) {
  const it = await managedVpp(options);
  t.teardown(() => it.close());
  const gate = new Gate();
  const host: EmulatedHost = it.host;
  const identify = host.identify.bind(host);
  host.identify = async (path: string) => {
    if (path === "/run/slow") await gate.pass();
    return identify(path);
  };
  return { ...it, gate };
}

const states = (punts: readonly PuntStatus[]) => punts.map(({ id, state }) => `${id.key} ${state}`);

test("a punt that is deleted while its addition waits for the first look comes and goes", async (t) => {
  const { manager, client } = await looking(t);
  const added = manager.add(SPAN, { waitFor: "CREATED" });
  const deleted = manager.delete(X);
  await t.throwsAsync(added, { code: "ECANCELED" });
  await deleted;
  t.deepEqual(manager.list(), []);
  t.deepEqual(await client.dumpAll("sw_interface_span_dump", { is_l2: false }), []);
});

test("a punt is deleted and added again, whatever its first addition waits for", async (t) => {
  const { manager } = await looking(t);
  const first = manager.add(SPAN, { waitFor: "CREATED" });
  const deleted = manager.delete(X);
  const second = manager.add(OTHER, { waitFor: "CREATED" });
  await Promise.allSettled([first, deleted]);
  t.is((await second).state, "CREATED");
  t.like(manager.get(X)!.request, { vppInterface: "if1" });
});

test("an update follows the addition, though its own namespace is found sooner", async (t) => {
  const { manager, gate } = await searching(t);
  const added = manager.add({ ...SPAN, netns: { path: "/run/slow" } });
  await gate.arrived;
  const updated = manager.update(OTHER, { waitFor: "CREATED" });
  gate.open();
  await Promise.all([added, updated]);
  t.like(manager.get(X)!.request, { vppInterface: "if1" });
  t.is((await updated).state, "CREATED");
});

test("the whole set of a CNF has what was added before it", async (t) => {
  const { manager, gate } = await searching(t);
  const added = manager.add({ ...SPAN, netns: { path: "/run/slow" } });
  await gate.arrived;
  const applied = manager.apply({ cnf: "a", punts: [{ ...OTHER, key: "y" }] });
  gate.open();
  const [{ deleted }] = await Promise.all([applied, added.catch(() => {})]);
  t.deepEqual(deleted, [X]);
  t.deepEqual(states(manager.list()), ["y CREATED"]);
});

test("punts of another CNF do not wait", async (t) => {
  const { manager, gate } = await searching(t);
  const added = manager.add({ ...SPAN, netns: { path: "/run/slow" } });
  await gate.arrived;
  t.is((await manager.add({ ...OTHER, cnf: "b" }, { waitFor: "CREATED" })).state, "CREATED");
  t.is(manager.get(X), undefined);
  gate.open();
  await added;
});

test("a call that is refused lets the next one go on", async (t) => {
  const { manager } = await looking(t);
  const refused = manager.update(SPAN);
  const added = manager.add(SPAN, { waitFor: "CREATED" });
  await t.throwsAsync(refused, { code: "ERR_NO_SUCH_PUNT" });
  t.is((await added).state, "CREATED");
});

test("calls that wait for others when the manager is closed are refused", async (t) => {
  const { manager, gate } = await searching(t);
  const added = manager.add({ ...SPAN, netns: { path: "/run/slow" } });
  await gate.arrived;
  const deleted = manager.delete(X);
  const closed = manager.close();
  gate.open();
  await t.throwsAsync(added, { code: "ERR_CLOSED" });
  await t.throwsAsync(deleted, { code: "ERR_CLOSED" });
  await closed;
});

test("a deletion ends once VPP has given the port to the punt that comes after", async (t) => {
  const it = await managedVpp();
  t.teardown(() => it.close());
  const { manager, client, directory, vpp } = it;
  const dns = (cnf: string) => ({
    ...({
      cnf,
      type: "PUNT_TO_SOCKET",
      interconnect: "AF_UNIX",
      toHost: { af: "IPV4", protocol: "UDP", port: 53 },
    } as const),
    socketPath: join(directory, `${cnf}.sock`),
  });
  await manager.add(dns("a"), { waitFor: "CREATED" });
  vpp.faults.add({ message: "punt_socket_register", action: { kind: "delay", ms: 50 } });
  const deleted = manager.delete({ cnf: "a", key: "", label: "" });
  const added = manager.add(dns("b"), { waitFor: "CREATED" });
  await deleted;
  const [found] = await client.dumpAll("punt_socket_dump", { type: "PUNT_API_TYPE_L4" });
  t.is(found?.pathname, join(directory, "b.sock"));
  await added;
});
