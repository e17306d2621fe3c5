// The same requests to the embedded VPP and to a real one: the same answers. The embedded VPP behaves as the newest releases do.
import { EmbeddedVpp } from "../../lib/sim/index.js";
import { featureCases } from "../support/conformance/feature-cases.js";
import { interfaceCases } from "../support/conformance/interface-cases.js";
import { linkCases } from "../support/conformance/link-cases.js";
import { reuseCases } from "../support/conformance/reuse-cases.js";
import { runCase } from "../support/conformance/run.js";
import { need } from "../support/need.js";
import { ApiClient } from "../support/vpp/api-client.js";
import { RealVpp } from "../support/vpp/real.js";

for (const one of [...interfaceCases, ...linkCases, ...featureCases, ...reuseCases]) {
  need("vpp>=26.06", "root").test.serial(`as the real VPP: ${one.title}`, async (t) => {
    const real = new RealVpp();
    t.teardown(() => real.stop());
    await real.start();
    await using embedded = await EmbeddedVpp.start();
    const answers: unknown[][] = [];
    for (const socket of [embedded.apiSocket, real.apiSocket]) {
      const client = await ApiClient.connect(socket);
      answers.push(await runCase(client, one));
      client.close();
    }
    for (const [i, step] of one.steps.entries()) {
      t.deepEqual(answers[0]![i], answers[1]![i], `step ${i}: ${JSON.stringify(step)}`);
    }
  });
}
