// A real VPP without a free file descriptor: punts are FAILED with the reasons, and are whole once it has some again.
import { execFileSync } from "node:child_process";
import type { PuntRequestInput } from "../../lib/punt/index.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";

need("root", "vpp", "prlimit").test.serial(
  "without a free descriptor a SPAN over MEMIF is FAILED with the reasons, and VPP listens for its CNF later",
  async (t) => {
    const retry = { firstDelay: 50, longestDelay: 200 };
    const scenario = await Scenario.start(t, { manager: { retry } });
    const { vpp, manager } = scenario;
    await vpp.configure("create loopback interface", "set interface state loop0 up");
    const limit = (text: string) => execFileSync("prlimit", ["--pid", `${vpp.pid}`, `--nofile=${text}`]);
    limit("8:1024");
    const place = { interconnect: "MEMIF", vppInterface: "loop0" } as const;
    const request: PuntRequestInput = { cnf: "a", type: "SPAN", ...place, direction: "tx" };
    await t.throwsAsync(scenario.add(request), { code: "VPP_SYSCALL_ERROR_4", message: /no free file descriptor/ });
    // VPP does not listen for a memif on a socket for which an earlier one failed.
    await until("another try", () => (manager.get({ cnf: "a" })?.failure?.attempts ?? 0) > 2);
    limit("1024:1024");
    const punt = await until("the punt", () => {
      const status = manager.get({ cnf: "a" });
      return status?.state === "CREATED" ? status : undefined;
    });
    await scenario.memif(punt);
    t.pass();
  },
);
