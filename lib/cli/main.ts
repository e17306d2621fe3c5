#!/usr/bin/env node
// vpp-punt: one file a command, each with `register(program)`.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { register as registerApi } from "./api.js";
import { ExitStatus, fail } from "./exit.js";
import { register as registerGenerate } from "./generate.js";
import { register as registerInfo } from "./info.js";
import { register as registerPunts } from "./punts.js";
import { register as registerSim } from "./sim.js";

/** Each adds its command to the program. */
const commands: ((program: Command) => void)[] = [
  registerApi,
  registerGenerate,
  registerInfo,
  registerPunts,
  registerSim,
];

const version = (
  JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { version: string }
).version;

const program = new Command("vpp-punt")
  .description("Punts of FD.io VPP: packets, the binary API, the punt manager and an embedded VPP")
  .version(version)
  .showHelpAfterError()
  .exitOverride();
for (const register of commands) register(program);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has already said what was wrong; help and version come here too, with status 0.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : ExitStatus.usage;
  else fail(error, process.argv.includes("--json"));
}
