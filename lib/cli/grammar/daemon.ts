// The options of the daemon to ask: where it is, and who the program is there.
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseHostPort } from "../../net/index.js";
import { daemonSocket, path } from "./options.js";

function hostAndPort(text: string): object {
  const address = parseHostPort(text);
  if (address) return address;
  throw new InvalidArgumentError("It is not HOST:PORT, or [HOST]:PORT for IPv6, with a port from 1 to 65535.");
}

/** Adds how to reach a daemon: its UNIX socket, or its TCP door. A command with them needs no store and no VPP of its own. */
export function ofDaemon(command: Command): Command {
  const file = (name: string, text: string) =>
    new Option(`--tls-${name} <file>`, text).env(`VPP_PUNT_TLS_${name.toUpperCase()}`).argParser(path);
  return command
    .addOption(daemonSocket())
    .addOption(
      new Option("--tls <host:port>", "the daemon's TCP door, instead of --socket")
        .env("VPP_PUNT_TLS")
        .argParser(hostAndPort),
    )
    .addOption(file("ca", "certificate of the authority that signed the daemon's"))
    .addOption(file("cert", "this program's certificate for the daemon"))
    .addOption(file("key", "the key of --tls-cert"))
    .hook("preAction", (_, running) => choose(running));
}

/** Ways to the punts of a machine. The command line comes before the environment, and names one of them. */
const WAYS = ["tls", "socket", "vpp", "store"] as const;

function choose(command: Command): void {
  const [way, other] = WAYS.filter((name) => command.getOptionValueSource(name) === "cli");
  if (way === undefined) return;
  if (way !== "tls") command.setOptionValue("tls", undefined);
  if (way === "vpp" || way === "store") command.setOptionValue("socket", undefined);
  else if (other !== undefined)
    command.error(`error: option --${way} cannot be used with --${other}`, { code: "commander.conflictingOption" });
}
