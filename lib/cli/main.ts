#!/usr/bin/env node
// vpp-punt: reads the command line, runs one command, and ends with a status and at most one line of error.
import { type Command, CommanderError } from "commander";
import { outliveTerminal } from "../closed-terminal.js";
import { ENVIRONMENT } from "./about/index.js";
import { exitWith, fail, failUsage } from "./ending/index.js";
import { flushed, guardOutputs, outputError, plainWarnings, refuseColors } from "./output/index.js";
import { everyCommand, makeProgram } from "./program.js";

const asJson = process.argv.some((word, index, words) => {
  // Commander takes short options of one word apart: -w -o json is -wojson.
  const isWhole = word === "--json" || word === "--output=json" || /^-w?ojson$/.test(word);
  return isWhole || (/^(-w?o|--output)$/.test(words[index - 1] ?? "") && word === "json");
});

/** Where the help of the command stands that the command line names. */
function helpOf(program: Command): string {
  const name = process.argv[2];
  const command = program.commands.find((each) => each.name() === name || each.aliases().includes(name ?? ""));
  return command ? `vpp-punt ${command.name()} --help` : "vpp-punt --help";
}

/** No command prints its help after an error, and none ends the process by itself. */
function configure(program: Command): void {
  for (const command of [program, ...everyCommand(program)]) {
    command.exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
  }
  program.hook("preAction", (_, command) => {
    if (command.opts().color === false) refuseColors();
    if (command.opts().json) command.setOptionValue("output", "json");
  });
}

/** An empty variable is as none, as in the library: units and compose files set such ones. */
function dropEmptyVariables(): void {
  for (const name of Object.keys(ENVIRONMENT)) if (process.env[name] === "") delete process.env[name];
}

async function main(): Promise<void> {
  dropEmptyVariables();
  guardOutputs();
  outliveTerminal();
  if (!process.env.VPP_PUNT_DEBUG) plainWarnings();
  // Node's words on a dependency's code are of no use to a user, and an error is one line.
  if (!process.env.VPP_PUNT_DEBUG) process.noDeprecation = true;
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      fail(error, asJson);
      process.exit();
    });
  }
  const program = makeProgram();
  configure(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) failUsage(error, asJson, helpOf(program));
    else fail(error, asJson);
  }
  await flushed();
  const lost = outputError();
  if (lost) {
    fail(lost, asJson);
    exitWith("failed");
  }
}

await main();
