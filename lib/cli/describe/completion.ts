// Completions for shells, made from the command line's definitions.
import type { Command } from "commander";
import { namesOf } from "./names.js";

interface Described {
  /** `--output`. */
  readonly name: string;
  /** `-o`. */
  readonly short: string | undefined;
  readonly description: string;
  /** The values that the option takes; empty where it takes any or none. */
  readonly choices: readonly string[];
  /** Whether a value follows. */
  readonly takesValue: boolean;
}

/** Returns the options of a command that its help shows, `--help` included. */
function optionsOf(command: Command): Described[] {
  const shown = command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long);
  return shown.map(({ long, short, description, argChoices, required }) => {
    return { name: long!, short, description, choices: argChoices ?? [], takesValue: required };
  });
}

/** Returns the words that the first argument of a command can be. */
function argumentsOf(command: Command): readonly string[] {
  return command.registeredArguments[0]?.argChoices ?? [];
}

/** Returns the program's own options: `--help` and `--version`. */
function ownOptions(commands: readonly Command[]): string[] {
  return optionsOf(commands[0]!.parent!).map(({ name }) => name);
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}

function words(list: readonly string[]): string {
  return `COMPREPLY=($(compgen -W ${quoted(list.join(" "))} -- "$word"))`;
}

function bashCase(command: Command): string {
  const options = optionsOf(command);
  const values = options
    .filter(({ choices }) => choices.length > 0)
    .map(({ name, short, choices }) => `        ${short ? `${short}|` : ""}${name}) ${words(choices)}; return ;;`);
  return [
    `    ${namesOf(command).join("|")})`,
    ...(values.length > 0 ? ['      case "$before" in', ...values, "      esac"] : []),
    `      case "$word" in -*) ${words(options.map(({ name }) => name))}; return ;; esac`,
    ...(argumentsOf(command).length > 0 ? [`      ${words(argumentsOf(command))}; return`] : []),
    "      ;;",
  ].join("\n");
}

function bash(commands: readonly Command[]): string {
  return `# vpp-punt completion bash > /etc/bash_completion.d/vpp-punt
_vpp_punt() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  # Bash takes --output=wide for three words.
  if [ "$word" = "=" ]; then word=""; elif [ "$before" = "=" ]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    ${words([...commands.flatMap(namesOf), ...ownOptions(commands)])}
    return
  fi
  case "\${COMP_WORDS[1]}" in
${commands.map(bashCase).join("\n")}
  esac
  COMPREPLY=($(compgen -f -- "$word"))
}
complete -o filenames -F _vpp_punt vpp-punt
`;
}

function zsh(commands: readonly Command[]): string {
  const names = commands.flatMap((command) =>
    namesOf(command).map((name) => `    ${quoted(`${name}:${command.description()}`)}`),
  );
  const cases = commands.map((command) => {
    const specs = optionsOf(command).flatMap(({ name, short, description, choices, takesValue }) => {
      const action = choices.length > 0 ? `(${choices.join(" ")})` : "_files";
      const rest = `[${description.replace(/[[\]:]/g, " ")}]${takesValue ? `:value:${action}` : ""}`;
      // With "=", the value may follow in the same word or in the next one.
      const long = takesValue ? `${name}=` : name;
      return (short ? [short, long] : [long]).map((each) => quoted(`${each}${rest}`));
    });
    const first = argumentsOf(command);
    const rest = quoted(first.length > 0 ? `1:argument:(${first.join(" ")})` : "*:file:_files");
    return `    ${namesOf(command).join("|")}) _arguments ${[...specs, rest].join(" ")} ;;`;
  });
  return `#compdef vpp-punt
# vpp-punt completion zsh > "\${fpath[1]}/_vpp-punt"
_vpp_punt() {
  local -a commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    if [[ $words[2] == -* ]]; then _arguments ${ownOptions(commands).join(" ")}; else _describe command commands; fi
    return
  fi
  local name="$words[2]"
  shift words; (( CURRENT-- ))
  case "$name" in
${cases.join("\n")}
  esac
}
_vpp_punt "$@"
`;
}

function fishArguments(command: Command): string[] {
  const when = quoted(`__fish_seen_subcommand_from ${namesOf(command).join(" ")}`);
  const first = argumentsOf(command);
  const choice = first.length > 0 ? [`complete -c vpp-punt -n ${when} -f -a ${quoted(first.join(" "))}`] : [];
  const options = optionsOf(command).map(({ name, short, description, choices, takesValue }) => {
    const values = choices.length > 0 ? ` -x -a ${quoted(choices.join(" "))}` : takesValue ? " -r" : "";
    const letter = short ? ` -s ${short.slice(1)}` : "";
    return `complete -c vpp-punt -n ${when} -l ${name.slice(2)}${letter} -d ${quoted(description)}${values}`;
  });
  return [...choice, ...options];
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => [
    ...namesOf(command).map(
      (name) => `complete -c vpp-punt -n __fish_use_subcommand -f -a ${name} -d ${quoted(command.description())}`,
    ),
    ...fishArguments(command),
  ]);
  for (const name of ownOptions(commands))
    lines.unshift(`complete -c vpp-punt -n __fish_use_subcommand -l ${name.slice(2)}`);
  return `# vpp-punt completion fish > ~/.config/fish/completions/vpp-punt.fish\n${lines.join("\n")}\n`;
}

const SHELLS: Readonly<Record<string, (commands: readonly Command[]) => string>> = { bash, zsh, fish };

/** Returns the completion script for a shell: bash, zsh or fish. */
export function completion(shell: string, commands: readonly Command[]): string {
  return SHELLS[shell]!(commands);
}
