// The command lines of the stress scripts.
import { parseArgs } from "node:util";

interface Usage {
  readonly name: string;
  /** Printed by --help. */
  readonly text: string;
  readonly runs: number;
  /** Names of options that take a value. */
  readonly values?: readonly string[];
  /** Names of options without a value. */
  readonly flags: readonly string[];
}

export interface CommandLine {
  readonly runs: number;
  readonly seed: number;
  readonly values: Readonly<Record<string, string | undefined>>;
  has(flag: string): boolean;
}

/** Parses the command line. With --help, prints the usage and exits with 0; with bad options, prints the reason and exits with 2. */
export function commandLine({ name, text, runs, values = [], flags }: Usage): CommandLine {
  const refuse = (reason: string): never => {
    console.error(`${name}: ${reason}\n\n${text}`);
    process.exit(2);
  };
  const parsed = parse([...values, "runs", "seed"], [...flags, "help"], refuse);
  if (parsed.help) {
    console.log(text);
    process.exit(0);
  }
  const number = (option: string, least: number, standard: number): number => {
    const value = parsed[option] === undefined ? standard : Number(parsed[option]);
    return Number.isInteger(value) && value >= least
      ? value
      : refuse(`--${option} must be an integer of at least ${least}; got ${parsed[option]}`);
  };
  return {
    runs: number("runs", 1, runs),
    seed: number("seed", -0x8000_0000, Date.now() & 0xff_ffff),
    values: parsed as Record<string, string | undefined>,
    has: (flag) => parsed[flag] === true,
  };
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
