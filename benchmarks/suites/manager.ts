import { atMost, type Row, ratioAtMost, type Side, type Suite } from "../harness/trial.js";

// N punts of four types on an embedded VPP, which has a core of its own where there are two.
const run =
  (count: number): Side =>
  (workspace) => [{ command: workspace.script("manager/scale", count) }];

function growth(name: string, figure: string): Row {
  const value = (results: Record<string, number>[]) => results.at(-1)![figure]!;
  return { name, unit: "ms", value, target: ratioAtMost(2.2) };
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
  ],
};

export default suite;
