// The options of etcd: where it is, who the program is there, and which host a command is about.
import { type Command, InvalidArgumentError, Option } from "commander";
import { path } from "./options.js";

/** Options that mean the punts of one machine. The command line decides between them and etcd of the environment. */
const LOCAL = ["socket", "tls", "vpp", "store"] as const;

function label(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("It is empty.");
}

/** Adds how to reach etcd. `isFromEnvironment`: the environment may name etcd and the host, too. */
function reaching(command: Command, servers: string, isFromEnvironment: boolean): Command {
  const from = (option: Option, variable: string) => (isFromEnvironment ? option.env(variable) : option);
  return command
    .addOption(from(new Option("--etcd <urls>", servers), "VPP_PUNT_ETCD"))
    .addOption(
      from(
        new Option("--etcd-prefix <prefix>", "what every key in etcd begins with (default: /vpp-punt)"),
        "VPP_PUNT_ETCD_PREFIX",
      ),
    )
    .addOption(new Option("--etcd-ca <file>", "certificate of the authority that signed etcd's").argParser(path))
    .addOption(new Option("--etcd-cert <file>", "this program's certificate for etcd").argParser(path))
    .addOption(new Option("--etcd-key <file>", "the key of --etcd-cert").argParser(path))
    .option("--etcd-user <name>", "user of etcd")
    .addOption(
      new Option(
        "--etcd-password-file <file>",
        "file whose first line is the user's password (default: VPP_PUNT_ETCD_PASSWORD in the environment)",
      ).argParser(path),
    );
}

/** Adds the options of a daemon that keeps its punts in etcd. */
export function clustered(command: Command): Command {
  const servers = "keep the punts in etcd at these URLs, separated by commas, for the host of --host";
  return reaching(command, servers, false).addOption(
    new Option("--host <label>", "label of this host in etcd: daemons of one label have one VPP").argParser(label),
  );
}

/** Adds the options of a command about the punts of any host in etcd. */
export function ofHosts(command: Command): Command {
  const servers = "etcd's URLs, separated by commas: the punts are those of a host in etcd, from any machine";
  return reaching(command, servers, true)
    .addOption(
      new Option("--host <label>", "the host in etcd; without --etcd, the daemon reaches that host")
        .env("VPP_PUNT_HOST")
        .argParser(label),
    )
    .hook("preAction", (_, running) => choose(running));
}

/**
 * An option of the command line comes before one of the environment; two of the command line contradict one another. Without etcd, a
 * daemon reaches the host of the command line.
 */
function choose(command: Command): void {
  const source = (name: string) => command.getOptionValueSource(name);
  const local = LOCAL.find((name) => source(name) === "cli");
  if (local !== undefined && source("etcd") === "cli")
    command.error(`error: option --etcd cannot be used with --${local}`, { code: "commander.conflictingOption" });
  if (local !== undefined) command.setOptionValue("etcd", undefined);
  if (source("allHosts") === "cli" && source("host") === "cli")
    command.error("error: option --all-hosts cannot be used with --host", { code: "commander.conflictingOption" });
  if (source("allHosts") === "cli") command.setOptionValue("host", undefined);
  if (command.getOptionValue("etcd") !== undefined) return;
  if (source("host") === "env") command.setOptionValue("host", undefined);
  for (const name of ["host", "allHosts"])
    if ((local === "vpp" || local === "store") && source(name) === "cli")
      command.error(
        `error: option ${name === "host" ? "--host" : "--all-hosts"} needs --etcd, or a daemon's --socket or --tls`,
        {
          code: "commander.missingOption",
        },
      );
}
