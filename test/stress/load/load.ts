// npm run load -- [--case TEXT] [--scale N] [--seed S]: many ports, CNFs, punts, watch events and connections. Exits with 0 only if all held.
import { randomOf } from "../../support/random.js";
import { runCases } from "../cases.js";
import { commandLine } from "../command.js";
import { daemonLoads, type Load } from "./daemon.js";
import { portLoads } from "./ports.js";

const { numbers, values, has } = commandLine({
  name: "load",
  text: `npm run load -- [--case TEXT] [--scale N] [--seed S] [--list]

Loads the package with large numbers: 64 memif ports and 64 punt sockets in one process, 256 CNFs on one daemon, 10,000 punts on one VPP,
10,000 watch events, storms of connections at the doors of the daemon. Every packet must arrive, every punt be CREATED, every watcher
know the last state, and every descriptor be closed afterwards. Prints how much there was, what was refused, and how long it took. Exits with 0 only if all cases held.

  --case TEXT  only cases whose name contains the text (default: all)
  --scale N    divides the numbers by N (default: 1)
  --seed S     seed of what is chosen by chance (default: from the clock)
  --list       prints the cases`,
  numbers: { scale: { least: 1, standard: 1 }, seed: { least: 0, standard: Date.now() & 0xff_ffff } },
  values: ["case"],
  flags: ["list"],
});

/** Loads by name. Each resolves with what it did. @throws an Error if something does not hold */
const loads: Readonly<Record<string, (load: Load) => Promise<string>>> = {
  ...portLoads,
  ...daemonLoads,
};
const of = (count: number) => Math.ceil(count / numbers.scale);
const cases = new Map(
  Object.entries(loads).map(([name, load]) => [name, () => load({ of, random: randomOf(numbers.seed) })]),
);
await runCases(cases, {
  script: "load",
  only: values.case,
  isList: has("list"),
  again: `--scale ${numbers.scale} --seed ${numbers.seed}`,
});
