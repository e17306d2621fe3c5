// Options that several commands share: one name, one environment variable and one text for each.
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_VPP_SOCKET } from "../../default-sockets.js";
import { MAX_TIMEOUT_MS } from "../../options.js";
import { DEFAULT_STORE } from "../about/index.js";

/** A command's module, loaded when the command runs: `--help` needs neither the addon nor VPP. */
export interface Runner {
  run(...parameters: never[]): unknown;
}

/** Returns a command's action, which loads `module` and calls its `run`. */
export function runs(module: () => Promise<Runner>): (...parameters: unknown[]) => Promise<void> {
  return async (...parameters) => {
    const { run } = await module();
    await (run as (...all: unknown[]) => unknown)(...parameters);
  };
}

/** Reads a number within bounds; the message lists what is allowed. */
function number(what: string, least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is not a number of ${what} ${bounds}.`);
  };
}

/** As `number`, and whole. */
export function integer(what: string, least: number, most?: number): (text: string) => number {
  const read = number(what, least, most);
  return (text) => {
    const value = read(text);
    if (Number.isInteger(value)) return value;
    throw new InvalidArgumentError(`It is not a whole number of ${what}.`);
  };
}

/** Collects the values of an option that can be given several times. */
export const collect = (value: string, values: string[]): string[] => [...values, value];

export const milliseconds = integer("milliseconds", 0, MAX_TIMEOUT_MS);

/** Reads a path; VPP, the daemon and the manager take absolute ones. */
export function path(text: string): string {
  if (text !== "") return resolve(text);
  throw new InvalidArgumentError("It is empty.");
}

/** VPP's API socket. */
export function vppSocket(flags = "--vpp <path>"): Option {
  return new Option(flags, "VPP's API socket").env("VPP_PUNT_VPP").argParser(path).default(DEFAULT_VPP_SOCKET);
}

export function timeout(ms: number, description = "how long to wait at most"): Option {
  return new Option("--timeout <ms>", description).argParser(milliseconds).default(ms);
}

/** For a command that waits for nothing but an answer. */
export function answerTimeout(): Option {
  return timeout(6_000, "how long a daemon may leave the command without an answer: 1000 to 6000");
}

/** The daemon's socket. A command with it needs no store and no VPP of its own. */
export function daemonSocket(): Option {
  const text = "the daemon's socket: ask the daemon instead of starting a manager over --vpp and --store";
  return new Option("--socket <path>", text).env("VPP_PUNT_SOCKET").argParser(path);
}

/** VPP's counters, where they are not beside its API socket. */
export function statsSocket(): Option {
  const text = "VPP's stats socket (default: stats.sock beside VPP's API socket)";
  return new Option("--stats-socket <path>", text).env("VPP_PUNT_STATS").argParser(path);
}

/** The options of a manager that this command starts itself. */
export function managed(command: Command, socketFlags?: string): Command {
  const store = new Option("--store <file>", "where the punts are kept").env("VPP_PUNT_STORE").default(DEFAULT_STORE);
  return managing(command.addOption(vppSocket(socketFlags)).addOption(store));
}

/** The options of every manager, the daemon's included: each field of `PuntManagerOptions` that text can express. */
export function managing(command: Command): Command {
  return timed(named(command))
    .option("--subnet-ipv4 <prefix>", "addresses for interconnects (default: 192.168.111.0/24)")
    .option("--subnet-ipv6 <prefix>", "addresses for interconnects (default: fd76:7070:6e74::/112)")
    .option("--vpp-namespace <path>", "VPP's network namespace, such as /run/netns/vpp (default: it is found)", path)
    .option("--containers <path>", "socket of Docker or Podman, for requests that name a container", path);
}

/** How a manager marks what it makes. */
function named(command: Command): Command {
  const owner = "tells several managers apart: 1 to 20 letters, digits or '-' (default: vpp-punt)";
  const folder = "folder of the memif sockets (default: /run/vpp-punt/memif; with --owner, memif-<owner>)";
  const prefix = "highest byte of the ids of policies in VPP (default: 112; with --owner, a number made from it)";
  return command
    .addOption(new Option("--owner <name>", owner).env("VPP_PUNT_OWNER"))
    .addOption(new Option("--memif-directory <folder>", folder).env("VPP_PUNT_MEMIF_DIRECTORY").argParser(path))
    .option("--policy-id-prefix <number>", prefix, integer("a byte", 0, 255))
    .option("--stonework-names", "memif sockets, secrets and MAC addresses follow from the punts as StoneWork's do");
}

function timed(command: Command): Command {
  const read = integer("milliseconds", 1, MAX_TIMEOUT_MS);
  return command
    .option(
      "--resync-interval <ms>",
      "time between two looks at VPP (default: 10000, longer with thousands of punts)",
      read,
    )
    .option(
      "--return-time <ms>",
      "time for which objects of a lost store stay (default: 0; of a daemon: 5000)",
      integer("milliseconds", 0, MAX_TIMEOUT_MS),
    )
    .option("--retry-first <ms>", "delay before the first retry of what failed", read)
    .option("--retry-longest <ms>", "longest delay between two retries", read);
}

/** How a command prints what it found. */
export function printed(command: Command, formats: readonly string[]): Command {
  return command
    .addOption(new Option("-o, --output <format>", "how to print").choices(formats).default(formats[0]))
    .option("--json", "print JSON: short for -o json; errors are JSON too")
    .option("--no-color", "print without colors; NO_COLOR does the same");
}

/** Which punts a command is about. */
export function selected(command: Command): Command {
  return command.option("--cnf <label>", "only punts of this CNF");
}

/** One punt: the parts of its identity. */
export function identified(command: Command): Command {
  return command
    .argument("<cnf>", "label of the CNF, or cnf/key/label")
    .argument("[key]", "the configuration item that the punt was made for")
    .argument("[label]", "tells several punts of one item apart");
}
