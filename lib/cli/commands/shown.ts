// The commands that the help shows.
import type { Command } from "commander";

/** Returns the program's commands without the hidden ones and `help`, in the order of their names. */
export function shownCommands(program: Command): Command[] {
  const shown = program.createHelp().visibleCommands(program);
  return shown.filter((command) => command.name() !== "help").sort((a, b) => a.name().localeCompare(b.name()));
}
