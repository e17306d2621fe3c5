// The command line as Commander knows it. The program, its man pages, its completions and its documents are made from this.
import { Command } from "commander";
import { packageVersion } from "../package-root.js";
import { ENVIRONMENT } from "./about/index.js";
import { addOldForm, addPacketCommands, addPuntCommands, addToolCommands } from "./grammar/index.js";
import { terminalWidth } from "./output/index.js";

const WIDTH = Math.max(...Object.keys(ENVIRONMENT).map((name) => name.length));

const STATUSES = `Exit status:
  0 success, 1 failed, 2 wrong usage, 3 changes (plan),
  4 not ready (wait), 5 VPP, daemon or etcd unreachable,
  70 internal error, 129, 130 and 143 ended by a signal`;

/** Returns the text below the list of commands. */
function notes({ command }: { command: Command }): string {
  const help = Object.assign(command.createHelp(), helpWidth());
  const variables = Object.entries(ENVIRONMENT).map(([name, text]) => help.formatItem(name, WIDTH, text, help));
  return ["\nEnvironment:", ...variables, "", STATUSES].join("\n");
}

/** Text is wrapped to this width or more. */
const NARROWEST = 20;

/** The help fits the terminal, as tables do. */
function helpWidth(): { helpWidth: number } {
  return { helpWidth: terminalWidth() ?? 80 };
}

/** The names of a command. Its own help shows its arguments. */
function namesOf(command: Command): string {
  return [command.name(), ...command.aliases()].join("|");
}

/** Returns the whole grammar of `vpp-punt`. Nothing is loaded that a command needs to run. */
export function makeProgram(): Command {
  const program = new Command("vpp-punt")
    .description("Punts of FD.io VPP: packets, the binary API, the punt manager and an embedded VPP")
    .version(packageVersion(), "-V, --version")
    .addHelpText("after", notes)
    .configureHelp({ sortOptions: true, minWidthToWrap: NARROWEST, subcommandTerm: namesOf, ...helpWidth() });
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
