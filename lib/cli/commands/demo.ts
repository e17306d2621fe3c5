// `vpp-punt demo`: VPP's punts end to end on the embedded VPP, as `npm run demo` shows them in the sources.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

interface Options {
  readonly output: string;
}

/** The demo lies beside this library, in the sources as in the package. It is a program of its own, and starts others. */
const DEMO = new URL("../../../examples/demo/main.js", import.meta.url);

export async function run({ output }: Options): Promise<void> {
  const args = output === "json" ? ["--json"] : [];
  const child = spawn(process.execPath, [fileURLToPath(DEMO), ...args], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  const [status] = (await once(child, "exit")) as [number | null];
  process.exitCode = status ?? 1;
}
