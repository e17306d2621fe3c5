// Trials of loading the package.
import { atMost, differenceAtMost, type Suite } from "../harness/trial.js";

const suite: Suite = {
  trials: [
    {
      name: "load the package",
      ours: ({ script }) => [{ command: script("package/load") }],
      peer: ({ script }) => [{ command: script("package/load", "--bare") }],
      rows: [
        { name: "time", unit: "ms", value: ([load]) => load!.loadMs!, target: atMost(100) },
        { name: "memory", unit: "MB", value: ([load]) => load!.rssMb!, target: differenceAtMost(20) },
      ],
    },
  ],
};

export default suite;
