// `vpp-punt doctor`: the faults of this machine, why they matter, and the command that mends each.
import { statSync } from "node:fs";
import { PuntError } from "../../errors.js";
import { type Checked, examine, type Finding } from "../doctor/index.js";
import { exitWith } from "../ending/index.js";
import { counted, json, paint, print } from "../output/index.js";

interface Options {
  readonly vpp: string;
  readonly socket: string;
  readonly root: string;
  readonly output: string;
}

export async function run({ vpp, socket, root, output }: Options): Promise<void> {
  // A machine without a file looks like one with many faults.
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new PuntError("vpp-punt.doctor", "ERR_USAGE", `--root: there is no folder ${root}`, { root });
  const checked = await examine({ root, vppSocket: vpp, daemonSocket: socket });
  print(output === "json" ? json({ checks: checked }) : text(checked));
  if (checked.some(({ findings }) => findings.some(({ level }) => level === "problem"))) exitWith("failed");
}

function text(checked: readonly Checked[]): string {
  const count = (level: string) =>
    checked.flatMap(({ findings }) => findings).filter((each) => each.level === level).length;
  const lines = checked.flatMap(({ check, findings }) => {
    return findings.length === 0 ? [`${paint("green", "ok")}       ${check}`] : findings.map(findingText);
  });
  const summary = `${counted(count("problem"), "problem")}, ${counted(count("advice"), "piece", "pieces")} of advice`;
  return [...lines, summary].join("\n");
}

function findingText({ level, what, why, remedy }: Finding): string {
  const sign = level === "problem" ? paint("red", "problem") : paint("yellow", "advice ");
  return `${sign}  ${what}\n         why:    ${why}\n         do:     ${remedy}`;
}
