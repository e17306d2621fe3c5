// The command line as Commander knows it. The program, its man pages, its completions and its documents are made from this.
import { Command } from "commander";
import { ENVIRONMENT, packageVersion } from "./about/index.js";
import { addOldForm, addPacketCommands, addPuntCommands, addToolCommands } from "./grammar/index.js";

const WIDTH = Math.max(...Object.keys(ENVIRONMENT).map((name) => name.length));

const NOTES = `
Environment:
${Object.entries(ENVIRONMENT)
  .map(([name, text]) => `  ${name.padEnd(WIDTH)}  ${text}`)
  .join("\n")}

Exit status: 0 success, 1 failed, 2 wrong usage, 3 changes (plan), 4 not ready (wait), 5 VPP unreachable.`;

/** Returns the whole grammar of `vpp-punt`. Nothing is loaded that a command needs to run. */
export function makeProgram(): Command {
  const program = new Command("vpp-punt")
    .description("Punts of FD.io VPP: packets, the binary API, the punt manager and an embedded VPP")
    .version(packageVersion(), "-V, --version")
    .addHelpText("after", NOTES)
    .configureHelp({ sortOptions: true });
  addPuntCommands(program);
  addPacketCommands(program);
  addToolCommands(program);
  addOldForm(program);
  return program;
}

/** Returns the commands, those of subcommands included, in the order of the help. */
export function everyCommand(program: Command): Command[] {
  return program.commands.flatMap((command) => [command, ...everyCommand(command)]);
}
