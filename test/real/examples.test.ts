// The programs of examples/ as they are, on a real VPP.
import { fileURLToPath } from "node:url";
import { examples, runExample } from "../support/examples.js";
import { need } from "../support/need.js";

const hook = fileURLToPath(new URL("../support/vpp/in-its-place-hook.js", import.meta.url));

/** The programs that need no VPP, and those about faults, which only the embedded VPP has on demand. */
const WITHOUT = new Set(["binary-api-errors", "faults", "memif-echo", "statistics"]);
const MORE_NEEDS: Readonly<Record<string, string>> = { isis: "plugin:isisx" };

for (const name of examples.filter((each) => !WITHOUT.has(each))) {
  const needs = ["root", "vpp", "hosts", ...(MORE_NEEDS[name] === undefined ? [] : [MORE_NEEDS[name]])];
  need(...needs).test.serial(`examples/${name}.ts does its work on a real VPP`, (t) =>
    runExample(t, name, "--import", hook),
  );
}
