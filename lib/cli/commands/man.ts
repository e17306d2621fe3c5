// `vpp-punt man`: the man page.
import type { Command } from "commander";
import { manPage } from "../describe/index.js";
import { write } from "../output/index.js";
import { shownCommands } from "./shown.js";

export function run(_options: object, command: Command): void {
  write(manPage(command.parent!, shownCommands(command.parent!)));
}
