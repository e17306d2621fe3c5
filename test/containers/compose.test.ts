// deploy/compose.yaml in podman: VPP, the daemon and the example's CNF with its users, capabilities, environment and mounts.
import { Deployment } from "../support/containers/deployment.js";
import { need } from "../support/need.js";

need("root", "podman", "runc", "hosts", "tun", "python3").test.serial(
  "the services of deploy/compose.yaml answer a neighbor of VPP, also after a restart of VPP and of the CNF",
  async (t) => {
    const it = await Deployment.start(t, "compose", "embedded");
    const first = it.startExample();
    // The example answers with the question, and other flags.
    const isAnswer = (text: string) => text.endsWith("-query");
    t.true(isAnswer(await it.ask(53, "0123456789ab-query", first)));
    await it.killVpp();
    await it.startVpp();
    t.true(isAnswer(await it.ask(53, "0123456789ab-query", first)));
    await first.kill();
    const second = it.startExample();
    t.true(isAnswer(await it.ask(53, "0123456789ab-query", second)));
  },
);
