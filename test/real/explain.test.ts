// Explanations of frames against a real VPP: the named CNFs get each frame, and no other.
import { traceFrame } from "../../lib/explain/index.js";
import { explainedAsItIs } from "../support/explain.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";

const real = need("root", "vpp", "hosts", "plugin:abx").test.serial;

real("explain names the CNFs that get a frame, for each frame that VPP then gets, with VPP's own trace", async (t) => {
  const scenario = await Scenario.start(t);
  const { network, vpp, client, manager } = scenario;
  const { vppInterface: lan } = await network.neighbor("10.9.0");
  const wires = [await network.link(await network.host()), await network.link(await network.host())] as const;
  // The interface of VPP's packet generator, which an older VPP keeps, is not the manager's.
  await traceFrame(client, { frame: new Uint8Array(60), interface: lan });
  await scenario.keep();
  const run = (line: string) => vpp.configure(line);
  await explainedAsItIs(t, { client, manager, lan, wires, folder: vpp.directory, run });
});
