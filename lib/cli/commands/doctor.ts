// `vpp-punt doctor`: the faults of this machine, why they matter, and the command that mends each.
import { existsSync, statSync } from "node:fs";
import { DEFAULT_VPP_SOCKET } from "../../default-sockets.js";
import { PuntError } from "../../errors.js";
import { type Checked, examine, type Finding, vppOfDaemon } from "../doctor/index.js";
import { exitWith } from "../ending/index.js";
import { counted, json, paint, print, printable } from "../output/index.js";

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
  const checked = await examine({ root, daemonSocket: socket, ...(await vppOf(vpp, socket, root)) });
  print(output === "json" ? json({ checks: checked }) : text(checked));
  if (checked.some(({ findings }) => findings.some(({ level }) => level === "problem"))) exitWith("failed");
}

/** Without a VPP at the default place, the VPP of the daemon is meant. */
async function vppOf(vpp: string, socket: string, root: string): Promise<{ vppSocket: string; isServed?: boolean }> {
  if (root !== "/" || vpp !== DEFAULT_VPP_SOCKET || !existsSync(socket)) return { vppSocket: vpp };
  const found = await vppOfDaemon(socket);
  const vppSocket = existsSync(vpp) ? vpp : (found?.socket ?? vpp);
  return { vppSocket, isServed: found !== undefined && found.socket === undefined };
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
  return `${sign}  ${printable(what)}\n         why:    ${printable(why)}\n         do:     ${printable(remedy)}`;
}
