// The man page, made from the command line's definitions.
import type { Argument, Command, Option } from "commander";
import { packageVersion } from "../../package-root.js";
import { ENVIRONMENT } from "../about/index.js";
import { EXIT_STATUSES } from "../ending/index.js";
import { namesOf } from "./names.js";

/** Escapes a text for roff, where a backslash, a dash, and a dot or a quote at the start of a line have a meaning. */
function roff(text: string): string {
  return text.replace(/\\/g, "\\e").replace(/-/g, "\\-").replace(/^\./gm, "\\&.").replace(/^'/gm, "\\&'");
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function term(flags: string, text: string): string {
  return `.TP\n\\fB${roff(flags)}\\fR\n${roff(text)}`;
}

function optionText({ flags, description, defaultValue, envVar, argChoices }: Option): string {
  const notes = [
    argChoices && `one of ${argChoices.join(", ")}`,
    defaultValue !== undefined && defaultValue !== false && !Array.isArray(defaultValue) && `default ${defaultValue}`,
    envVar && `environment ${envVar}`,
  ].filter(Boolean);
  return term(
    flags,
    notes.length > 0 ? `${sentence(description)} (${notes.join("; ")}).` : `${sentence(description)}.`,
  );
}

function argumentText(argument: Argument): string {
  return argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
}

function commandText(command: Command): string {
  const shown = command.options.filter(({ hidden }) => !hidden);
  const names = namesOf(command).join("|");
  const usage = [`vpp-punt ${names}`, "[options]", ...command.registeredArguments.map(argumentText)].join(" ");
  return [`.SS "${roff(usage)}"`, `${roff(sentence(command.description()))}.`, ...shown.map(optionText)].join("\n");
}

/** Returns the man page of the program in roff. */
export function manPage(program: Command, commands: readonly Command[]): string {
  return [
    `.TH VPP\\-PUNT 1 "" "vpp\\-punt ${packageVersion()}" "User Commands"`,
    ".SH NAME",
    `vpp\\-punt \\- ${roff(program.description())}`,
    ".SH SYNOPSIS",
    "\\fBvpp\\-punt\\fR \\fIcommand\\fR [options] [arguments]",
    ".SH OPTIONS",
    term("-h, --help", "Display the help of the program, or of a command."),
    term("-V, --version", "Print the version."),
    ".SH COMMANDS",
    ...commands.map(commandText),
    ".SH ENVIRONMENT",
    ...Object.entries(ENVIRONMENT).map(([name, text]) => term(name, `${sentence(text)}.`)),
    ".SH EXIT STATUS",
    ...Object.values(EXIT_STATUSES).map(({ status, meaning }) => term(String(status), meaning.replace(/`/g, ""))),
    "",
  ].join("\n");
}
