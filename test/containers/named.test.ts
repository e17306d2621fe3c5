// CNFs without the module, named by their containers: their TAPs follow their starts and stops.
import { RemotePunts } from "../../lib/module/remote/index.js";
import { Deployment } from "../support/containers/deployment.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";

need("root", "podman", "runc", "hosts", "tun", "python3").test.serial(
  "a punt waits for the container with a microservice label, follows it when it is replaced, and waits again",
  async (t) => {
    const it = await Deployment.start(t, "host", "embedded", { engine: true });
    const operator = new RemotePunts({ socket: it.socket, wait: 5_000 });
    t.teardown(() => operator.close());
    const request = { ...it.abx("plain", "TAP", 7003), netns: { microservice: "plain" } };
    const { id, state, missing } = await operator.add(request as never);
    t.is(state, "PENDING");
    t.like(missing[0], { kind: "container", name: "microservice:plain" });
    const reaches = (wanted: string) =>
      until(
        wanted,
        async () => (await operator.get(id))?.state === wanted,
        async () => JSON.stringify(await operator.get(id)),
      );
    const first = it.startPlain("first", 7003, "plain");
    await reaches("CREATED");
    t.is(await it.ask(7003, "one", first), "first:one");
    await first.kill();
    await reaches("PENDING");
    const second = it.startPlain("second", 7003, "plain");
    await reaches("CREATED");
    t.is(await it.ask(7003, "two", second), "second:two");
    await operator.delete(id);
    // The container's name serves too.
    const named = { ...it.abx("named", "TAP", 7003), netns: { container: second.name } };
    await operator.add(named as never, { waitFor: "CREATED", timeout: 10_000 });
    t.is(await it.ask(7003, "three", second), "second:three");
    await operator.delete({ cnf: "named" });
  },
);
