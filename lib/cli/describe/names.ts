// The names that a command answers to.
import type { Command } from "commander";

/** Returns the names of a command: `list` and `ls`. */
export function namesOf(command: Command): string[] {
  return [command.name(), ...command.aliases()];
}
