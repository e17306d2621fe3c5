// A manager that starts while the container engine is away: nothing is known of its containers, which is not to say that they are gone.
import test from "ava";
import { InsideHost } from "../../lib/host/index.js";
import { end, honest, ID, listen, socketPath } from "../support/containers/engine.js";
import { until } from "../support/machine/netns.js";
import { managedVpp } from "../support/punt/managed-vpp.js";

test("a restart without the engine leaves the TAP of a container in VPP, until the engine says that the container is gone", async (t) => {
  const containers = socketPath(t);
  let engine = await listen(containers, honest());
  const it = await managedVpp({ containers, host: new InsideHost() });
  t.teardown(() => it.close());
  const { id } = await it.manager.add(
    { type: "SPAN", cnf: "web", interconnect: "TAP", vppInterface: "if0", netns: { container: "web" } },
    { waitFor: "CREATED", timeout: 5_000 },
  );
  const taps = async () => (await it.client.dumpAll("sw_interface_tap_v2_dump", {})).map((tap) => tap.sw_if_index);
  const before = await taps();
  t.is(before.length, 1);

  await end(engine);
  await it.restartManager({ containers, host: new InsideHost() });
  await it.manager.resync();
  const status = it.manager.get(id)!;
  t.is(status.state, "PENDING");
  t.like(status.missing[0], { kind: "container", name: "container:web" });
  t.deepEqual((await it.manager.plan()).steps, []);
  t.deepEqual(await taps(), before);

  engine = await listen(containers, honest());
  const reaches = (state: string) => until(state, async () => it.manager.get(id)?.state === state);
  await reaches("CREATED");
  t.deepEqual(await taps(), before);

  await end(engine);
  await it.restartManager({ containers, host: new InsideHost() });
  await it.manager.delete(id);
  t.deepEqual(await taps(), []);
});

test("the TAP goes once the engine says that no such container runs", async (t) => {
  const containers = socketPath(t);
  let engine = await listen(containers, honest());
  const it = await managedVpp({ containers, host: new InsideHost() });
  t.teardown(() => it.close());
  await it.manager.add(
    { type: "SPAN", cnf: "web", interconnect: "TAP", vppInterface: "if0", netns: { container: "web" } },
    { waitFor: "CREATED", timeout: 5_000 },
  );
  await end(engine);
  await it.restartManager({ containers, host: new InsideHost() });
  const stopped = honest(undefined, () => false);
  engine = await listen(containers, stopped);
  t.teardown(() => end(engine));
  const taps = () => it.client.dumpAll("sw_interface_tap_v2_dump", {});
  await until("no TAP", async () => (await taps()).length === 0);
  t.pass();
});

test("a punt waits for a container by its label, and stays as it is while the engine is away", async (t) => {
  const containers = socketPath(t);
  let runs = false;
  let write: (line: string) => void = () => {};
  const engineOf = () =>
    honest(
      (line) => {
        write = line;
      },
      () => runs,
    );
  let engine = await listen(containers, engineOf());
  const it = await managedVpp({ containers });
  t.teardown(() => it.close());
  const dependsOn = [{ kind: "container" as const, name: "microservice:m" }];
  const request = { type: "SPAN", cnf: "a", interconnect: "TAP", vppInterface: "if0", dependsOn } as const;
  const { id, missing } = await it.manager.add({ ...request, dependsOn: [...dependsOn] });
  t.deepEqual(
    missing.map(({ text }) => text),
    ["a container with MICROSERVICE_LABEL=m to run"],
  );
  const reaches = (state: string) => until(state, async () => it.manager.get(id)?.state === state);
  const turn = (running: boolean) => {
    runs = running;
    write(JSON.stringify({ Type: "container", Action: running ? "start" : "die", Actor: { ID } }));
  };
  turn(true);
  await reaches("CREATED");
  turn(false);
  await reaches("PENDING");
  turn(true);
  await reaches("CREATED");
  const taps = async () => (await it.client.dumpAll("sw_interface_tap_v2_dump", {})).map((tap) => tap.sw_if_index);
  const before = await taps();
  await end(engine);
  await it.restartManager({ containers });
  await it.manager.resync();
  t.is(it.manager.get(id)?.state, "PENDING");
  t.deepEqual(await taps(), before);
  engine = await listen(containers, engineOf());
  t.teardown(() => end(engine));
  await reaches("CREATED");
  t.deepEqual(await taps(), before);
});
