// `vpp-punt completion`: the completion script of a shell.
import type { Command } from "commander";
import { completion } from "../describe/index.js";
import { write } from "../output/index.js";
import { shownCommands } from "./shown.js";

export function run(shell: string, _options: object, command: Command): void {
  write(completion(shell, shownCommands(command.parent!)));
}
