#!/usr/bin/env node
// vpp-punt: one file a command, each with `register(program)`.
import { Command, CommanderError } from "commander";
import { fail, failUsage } from "./exit.js";
import { packageVersion, register as registerInfo } from "./info.js";

interface CommandModule {
  register(program: Command): void;
}

/** Commands that need the addon. Where it cannot be loaded each says why, and `info` still runs. */
const others: Readonly<Record<string, () => Promise<CommandModule>>> = {
  api: () => import("./api.js"),
  daemon: () => import("./daemon.js"),
  generate: () => import("./generate.js"),
  punts: () => import("./punts.js"),
  sim: () => import("./sim.js"),
};

async function registerOther(program: Command, name: string, load: () => Promise<CommandModule>): Promise<void> {
  try {
    (await load()).register(program);
  } catch (error) {
    const failing = program.command(name).allowUnknownOption().allowExcessArguments();
    failing.description("cannot run here").action(() => {
      throw error;
    });
  }
}

const asJson = process.argv.includes("--json");

const program = new Command("vpp-punt")
  .description("Punts of FD.io VPP: packets, the binary API, the punt manager and an embedded VPP")
  .version(packageVersion())
  .showHelpAfterError()
  .configureOutput(asJson ? { writeErr: () => {} } : {})
  .exitOverride();
registerInfo(program);
for (const [name, load] of Object.entries(others)) await registerOther(program, name, load);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) failUsage(error, asJson);
  else fail(error, asJson);
}
