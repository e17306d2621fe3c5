// A manager restores what an operator undoes or alters by hand in a real VPP, with the features that VPP's dumps do not show.
import { join } from "node:path";
import { MemoryStore, type PuntRequestInput } from "../../lib/punt/index.js";
import { until } from "../support/machine/netns.js";
import { need } from "../support/need.js";
import { OTHER_TABLE, vppChanges } from "../support/vpp/changing.js";
import type { VppOptions } from "../support/vpp/real.js";
import { Scenario } from "../support/vpp/scenario.js";
import { snapshot } from "../support/vpp/snapshot.js";
import { type Undoing, vppUndoings } from "../support/vpp/undoing.js";

const plain = need("root", "vpp").test.serial;
const withHosts = need("root", "vpp", "hosts").test.serial;

type Asked = Omit<PuntRequestInput, "cnf">;

const LOCAL_PING = { protocol: "ICMP", destinationNetwork: "local" } as const;

/** Requests by type. */
const punts: Readonly<Record<string, (interconnect: "MEMIF" | "TAP") => Asked>> = {
  HAIRPIN_XCONNECT: (interconnect) => ({
    ...{ type: "HAIRPIN_XCONNECT", interconnect, vppInterface1: "loop0", vppInterface2: "loop1" },
  }),
  HAIRPIN: (interconnect) => ({
    ...{ type: "HAIRPIN", interconnect, vppInterface: "loop0" },
    hairpinInterface: { name: "undone1", ipAddresses: ["10.61.0.1/24", "fd61::1/64"] },
  }),
  SPAN: (interconnect) => ({ type: "SPAN", interconnect, vppInterface: "loop0", direction: "tx" }),
  ABX: (interconnect) => ({
    ...{ type: "ABX", interconnect, vppInterface: "loop0", ingressAclRules: [LOCAL_PING], egressAclRules: [{}] },
  }),
  DHCP_PROXY: (interconnect) => ({ type: "DHCP_PROXY", interconnect, vrf: 0, families: ["IPV4", "IPV6"] }),
  ISISX: (interconnect) => ({ type: "ISISX", interconnect, vppInterface: "loop0" }),
};

for (const [name, request] of Object.entries(punts))
  for (const interconnect of ["MEMIF", "TAP"] as const) {
    const needs = name === "ISISX" ? need("root", "vpp", "plugin:isisx", "hosts").test.serial : withHosts;
    needs(`all that a punt has is restored after each deletion and change by hand (${name}, ${interconnect})`, (t) =>
      restoresAll(t, () => request(interconnect)),
    );
  }

for (const interconnect of ["MEMIF", "TAP"] as const)
  withHosts(
    `all that a punt has is restored after each deletion and change by hand (ABX by abf, ${interconnect})`,
    (t) => restoresAll(t, () => punts.ABX!(interconnect), { without: ["abx_plugin.so"] }),
  );

plain("a registration is restored after its deletion by hand (PUNT_TO_SOCKET)", (t) =>
  restoresAll(t, ({ vpp }) => ({
    ...{ type: "PUNT_TO_SOCKET", toHost: { af: "BOTH", protocol: "UDP", port: 4000 } },
    socketPath: join(vpp.directory, "cnf.sock"),
  })),
);

async function restoresAll(
  t: Parameters<typeof Scenario.start>[0],
  request: (scenario: Scenario) => Asked,
  vppOptions: VppOptions = {},
): Promise<void> {
  const scenario = await Scenario.start(t, {
    vpp: vppOptions,
    manager: { store: new MemoryStore(), resyncInterval: 1_000 },
  });
  const { vpp, client } = scenario;
  await scenario.makeLoopbacks();
  await vpp.configure(`ip table add ${OTHER_TABLE}`, `ip6 table add ${OTHER_TABLE}`);
  const kept = await scenario.keep();
  const { id } = await scenario.add({ ...request(scenario), cnf: "cnf1" } as PuntRequestInput);
  const view = async () => [...(await snapshot(client)), ...(await features(scenario))];
  const expected = await view();
  const restored = async (what: string) => {
    // The manager may delete an interface between two questions.
    const look = () => unlessRefused(view);
    const isRestored = async () => `${await look()}` === `${expected}` && scenario.manager.get(id)?.state === "CREATED";
    const difference = async () => {
      const found = (await look()) ?? [];
      const lost = expected.filter((line) => !found.includes(line));
      return [...lost.map((line) => `- ${line}`), ...found.filter((line) => !expected.includes(line))].join("\n");
    };
    await until(`what was undone: ${what}`, isRestored, difference, 60);
  };
  const undoings = () => vppUndoings(client, kept);
  const all = await undoings();
  t.true(all.length > 0);
  for (const list of [undoings, () => vppChanges(client, "loop1")])
    for (const at of (await list()).keys()) {
      const { what, undo } = (await list())[at]!;
      await unlessRefused(undo);
      await restored(what);
    }
  // The interfaces first, and last.
  for (const order of [all.keys(), [...all.keys()].reverse()]) {
    await scenario.manager.close();
    const present = await undoings();
    const isInterface = ({ what }: Undoing) => what.startsWith("interface ");
    present.sort((one, other) => Number(isInterface(other)) - Number(isInterface(one)));
    for (const at of order) await unlessRefused(present[at]!.undo);
    await scenario.restartManager();
    await restored("all of it, while the manager was away");
  }
}

/** Does the work. @returns what it brings; undefined if VPP refuses it */
async function unlessRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  return await work().catch((error) => {
    if (!String(error.code).startsWith("VPP_")) throw error;
    return undefined;
  });
}

/** The features that VPP runs on each interface, by name. */
async function features({ client }: Scenario): Promise<string[]> {
  const all = { sw_if_index: 0xffff_ffff, name_filter_valid: false, name_filter: "" };
  const interfaces = await client.dumpAll("sw_interface_dump", all);
  const lists = interfaces.map(async ({ interface_name, tag }) => {
    const { reply } = await client.call("cli_inband", { cmd: `show interface ${interface_name} features` });
    const arcs = reply.split(/^(?=\S)/m).filter((arc) => !/none configured|not-enabled|:\s*$/.test(arc));
    return arcs.slice(1).map((arc) => `${tag || interface_name} ${arc.replace(/\s+/g, " ")}`);
  });
  return (await Promise.all(lists)).flat().sort();
}
