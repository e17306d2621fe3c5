// Trials of the punt manager.
import { vppProgram } from "../../test/support/machine/programs.js";
import { atLeast, atMost, type Row, ratioAtMost, type Side, type Suite } from "../harness/trial.js";

// Runs N punts of four types on an embedded VPP, which has a core of its own if the machine has two.
const run =
  (count: number): Side =>
  (workspace) => [{ command: workspace.script("manager/scale", count) }];

function growth(name: string, figure: string): Row {
  const value = (results: Record<string, number>[]) => results.at(-1)![figure]!;
  return { name, unit: "ms", value, target: ratioAtMost(2.2) };
}

const ROUNDS = 15;
const types = ["HAIRPIN_XCONNECT", "HAIRPIN", "SPAN", "ABX", "DHCP_PROXY", "ISISX"];

/** The time from `add` to CREATED, for a TAP without the part that Linux needed. */
function created(name: string, figure: string): Row {
  const value = (results: Record<string, number>[]) =>
    results.at(-1)![figure]! - (results.at(-1)![`${figure} in Linux`] ?? 0);
  return { name, unit: "ms", value, target: atMost(20) };
}

const suite: Suite = {
  trials: [
    {
      name: "2,000 punts against 1,000",
      ours: run(2000),
      peer: run(1000),
      rows: [growth("add", "addMs"), growth("resync", "resyncMs"), growth("delete", "deleteMs")],
    },
    {
      name: "1,000 punts: resync after VPP's restart against adding",
      ours: run(1000),
      rows: [
        {
          name: "resync / add",
          unit: "x",
          value: (results) => results.at(-1)!.resyncMs! / results.at(-1)!.addMs!,
          target: atMost(2),
        },
        { name: "memory of the manager", unit: "MB", value: (results) => results.at(-1)!.mb!, target: atMost(400) },
      ],
    },
    {
      name: "messages while 1,000 punts are configured, against the same ones from the bare client",
      ours: (workspace) => [{ command: workspace.script("manager/pipeline", 1000) }],
      rows: [
        {
          name: "manager / client",
          unit: "x",
          value: (results) => results.at(-1)!.managerRate! / results.at(-1)!.clientRate!,
          target: atLeast(0.5),
        },
      ],
    },
    {
      name: "add on an idle VPP",
      ours: (workspace) => [{ command: workspace.script("manager/created", ROUNDS) }],
      rows: [
        created("PUNT_TO_SOCKET", "PUNT_TO_SOCKET AF_UNIX"),
        ...types.map((type) => created(`${type}, MEMIF`, `${type} MEMIF`)),
        ...types.map((type) => created(`${type}, TAP, without Linux's part`, `${type} TAP`)),
      ],
      unavailable: () =>
        (vppProgram() === undefined ? "there is no VPP here" : undefined) ??
        (process.getuid?.() === 0 ? undefined : "it needs root"),
    },
  ],
};

export default suite;
