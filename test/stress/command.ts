// The command lines of the stress scripts.
import { parseArgs } from "node:util";

interface NumberOption {
  readonly least: number;
  readonly standard: number;
}

interface Usage<N extends Record<string, NumberOption>> {
  readonly name: string;
  /** Printed by --help. */
  readonly text: string;
  /** Options that take an integer: the least one, and the one for an option that is missing. */
  readonly numbers: N;
  /** Names of options that take a text. */
  readonly values?: readonly string[];
  /** Names of options without a value. */
  readonly flags: readonly string[];
}

export interface CommandLine<N> {
  readonly numbers: { readonly [name in keyof N]: number };
  readonly values: Readonly<Record<string, string | undefined>>;
  has(flag: string): boolean;
  /** Prints the reason and the usage, and exits with 2. */
  refuse(reason: string): never;
}

/** Parses the command line. With --help, prints the usage and exits with 0; with bad options, prints the reason and exits with 2. */
export function commandLine<N extends Record<string, NumberOption>>({
  name,
  text,
  numbers,
  values = [],
  flags,
}: Usage<N>): CommandLine<N> {
  const refuse = (reason: string): never => {
    console.error(`${name}: ${reason}\n\n${text}`);
    process.exit(2);
  };
  const parsed = parse([...values, ...Object.keys(numbers)], [...flags, "help"], refuse);
  if (parsed.help) {
    console.log(text);
    process.exit(0);
  }
  const integer = ([option, { least, standard }]: [string, NumberOption]): [string, number] => {
    const value = parsed[option] === undefined ? standard : Number(parsed[option]);
    if (!(Number.isInteger(value) && value >= least))
      refuse(`--${option} must be an integer of at least ${least}; got ${parsed[option]}`);
    return [option, value];
  };
  return {
    numbers: Object.fromEntries(Object.entries(numbers).map(integer)) as { [name in keyof N]: number },
    values: parsed as Record<string, string | undefined>,
    has: (flag) => parsed[flag] === true,
    refuse,
  };
}

/** The options of a script that makes random runs. */
export function randomRuns(runs: number) {
  return { runs: { least: 1, standard: runs }, seed: { least: -0x8000_0000, standard: Date.now() & 0xff_ffff } };
}

function parse(
  values: readonly string[],
  flags: readonly string[],
  refuse: (reason: string) => never,
): Readonly<Record<string, string | boolean | undefined>> {
  const options = [
    ...values.map((option) => [option, { type: "string" }] as const),
    ...flags.map((option) => [option, { type: "boolean" }] as const),
  ];
  try {
    return parseArgs({ options: Object.fromEntries(options) }).values as Record<string, string | boolean>;
  } catch (error) {
    return refuse((error as Error).message);
  }
}
