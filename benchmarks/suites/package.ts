// Trials of loading the package, as it is packed.
import { atMost, differenceAtMost, type Suite, type Trial } from "../harness/trial.js";

/** Times an import in a process of its own; Node's own start does not count. */
function load(name: string, entry: string): Trial {
  return {
    name: `import ${name}`,
    ours: (workspace) => [{ command: workspace.script("package/load", workspace.entry(entry)) }],
    peer: (workspace) => [{ command: workspace.script("package/load") }],
    rows: [
      { name: "time", unit: "ms", value: ([loaded]) => loaded!.loadMs!, target: atMost(50) },
      { name: "memory", unit: "MB", value: ([loaded]) => loaded!.rssMb!, target: differenceAtMost(20) },
    ],
  };
}

const suite: Suite = {
  trials: [
    load("vpp-punt", "index"),
    ...["binapi", "module", "daemon", "sim", "stonework"].map((entry) => load(`vpp-punt/${entry}`, entry)),
  ],
};

export default suite;
