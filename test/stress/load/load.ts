// npm run load -- [--case TEXT] [--scale N]: many ports, CNFs, punts, watch events and connections. Exits with 0 only if all held.
import { commandLine } from "../command.js";
import { daemonLoads } from "./daemon.js";
import { portLoads } from "./ports.js";

const { numbers, values, has } = commandLine({
  name: "load",
  text: `npm run load -- [--case TEXT] [--scale N] [--list]

Loads the package with large numbers: 64 memif ports and 64 punt sockets in one process, 256 CNFs on one daemon, 10,000 punts on one VPP,
10,000 watch events, storms of connections. Every packet must arrive, every punt be CREATED, every watcher know the last state, and every
descriptor be closed afterwards. Prints how much there was, what was refused, and how long it took. Exits with 0 only if all cases held.

  --case TEXT  only cases whose name contains the text (default: all)
  --scale N    divides the numbers by N (default: 1)
  --list       prints the cases`,
  numbers: { scale: { least: 1, standard: 1 } },
  values: ["case"],
  flags: ["list"],
});

/** Loads by name. Each resolves with what it did. @throws an Error if something does not hold */
const loads: Readonly<Record<string, (of: (count: number) => number) => Promise<string>>> = {
  ...portLoads,
  ...daemonLoads,
};
const names = Object.keys(loads).filter((name) => name.includes(values.case ?? ""));
if (has("list")) {
  console.log(Object.keys(loads).join("\n"));
  process.exit(0);
}
if (names.length === 0) {
  console.error(`load: there is no case ${JSON.stringify(values.case)}; --list prints them`);
  process.exit(2);
}
let failed = 0;
for (const name of names) {
  const started = performance.now();
  const done = await loads[name]!((count) => Math.ceil(count / numbers.scale)).catch((error: Error) => error);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (!(done instanceof Error)) {
    console.log(`held  ${name}: ${done}, ${seconds} s`);
    continue;
  }
  failed++;
  console.error(`FAILED  ${name}: ${done.stack}`);
  console.error(`again with: npm run load -- --case ${JSON.stringify(name)} --scale ${numbers.scale}`);
}
console.log(`${names.length - failed} cases held, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
