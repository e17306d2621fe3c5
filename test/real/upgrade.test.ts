// A VPP of another release comes in the place of the VPP that a manager has configured.
import { join } from "node:path";
import { MemoryStore, type PuntRequestInput } from "../../lib/punt/index.js";
import { until } from "../support/machine/netns.js";
import { otherVppPrefix } from "../support/machine/programs.js";
import { need } from "../support/need.js";
import { Scenario } from "../support/vpp/scenario.js";
import { snapshot } from "../support/vpp/snapshot.js";

type Asked = {
  [T in PuntRequestInput["type"]]: Omit<Extract<PuntRequestInput, { type: T }>, "cnf">;
}[PuntRequestInput["type"]];

function punts(directory: string): Asked[] {
  const localPing = { protocol: "ICMP", destinationNetwork: "local" } as const;
  return [
    {
      type: "HAIRPIN",
      interconnect: "MEMIF",
      vppInterface: "loop0",
      hairpinInterface: { name: "up1", ipAddresses: ["10.61.0.1/24"] },
    },
    { type: "SPAN", interconnect: "TAP", vppInterface: "loop1", direction: "tx" },
    { type: "ABX", interconnect: "TAP", vppInterface: "loop1", ingressAclRules: [localPing], egressAclRules: [{}] },
    { type: "DHCP_PROXY", interconnect: "MEMIF", vrf: 0, families: ["IPV4", "IPV6"] },
    {
      type: "PUNT_TO_SOCKET",
      toHost: { af: "BOTH", protocol: "UDP", port: 4000 },
      socketPath: join(directory, "cnf.sock"),
    },
  ];
}

need("root", "vpp", "other-vpp", "hosts").test.serial(
  "a VPP of another release gets the punts, and so does the former one after it",
  async (t) => {
    const scenario = await Scenario.start(t, { manager: { store: new MemoryStore(), resyncInterval: 1_000 } });
    const { vpp, client, manager } = scenario;
    await scenario.makeLoopbacks();
    for (const punt of punts(vpp.directory))
      await scenario.add({ ...punt, cnf: "cnf1", label: punt.type } as PuntRequestInput);
    const made = await snapshot(client);
    const version = async () => (await client.call("show_version", {})).version;
    const first = await version();
    for (const prefix of [otherVppPrefix(), undefined]) {
      await vpp.replace(prefix);
      await scenario.makeLoopbacks();
      const isMade = async () =>
        `${await snapshot(client)}` === `${made}` && manager.list().every(({ state }) => state === "CREATED");
      await until(
        "the punts in the other VPP",
        isMade,
        async () => JSON.stringify(manager.list().map(({ state }) => state)),
        60,
      );
      t.is((await version()) === first, prefix === undefined);
    }
  },
);
