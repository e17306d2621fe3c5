// `vpp-punt demo`: VPP's punts end to end on the embedded VPP, as `npm run demo` shows them in the sources.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { packageFile } from "../../package-root.js";
import { type Ending, interrupted, interruption } from "../ending/index.js";

interface Options {
  readonly output: string;
}

/** The demo lies beside this library, in the sources as in the package. It is a program of its own, and starts others. */
const DEMO = packageFile("dist/demo/main.js");

export async function run({ output }: Options): Promise<void> {
  const args = output === "json" ? ["--json"] : [];
  const child = spawn(process.execPath, [DEMO, ...args], { stdio: "inherit" });
  let ending: Ending | undefined;
  void interrupted().then((by) => {
    ending = by;
    // The terminal sends Ctrl-C to both; the demo ends once.
    child.kill(by === "output" ? "SIGTERM" : by);
  });
  const [status] = (await once(child, "exit")) as [number | null];
  if (ending !== undefined && ending !== "output") throw interruption(ending, "nothing is left behind");
  process.exitCode = status ?? 1;
}
