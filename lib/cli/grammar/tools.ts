// The other commands: their names, their arguments and the modules that run them.
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_DAEMON_SOCKET } from "../../default-sockets.js";
import { commands } from "../commands/index.js";
import { clustered } from "./etcd.js";
import { collect, integer, managing, path, printed, runs, statsSocket, timeout, vppSocket } from "./options.js";

/** Adds `--vpp`. Takes `--socket` for it, and does not show that: it was the name in the first release, and means a daemon's socket elsewhere. */
function vppOnly(command: Command): Command {
  const earlier = new Option("--socket <path>").hideHelp();
  command.addOption(vppSocket()).addOption(earlier);
  return command.on("option:socket", (text: string) => command.setOptionValueWithSource("vpp", path(text), "cli"));
}

function parseFields(text: string): Record<string, unknown> {
  const value = parseJson(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError("It is not a JSON object.");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}.`);
  }
}

const port = integer("a port", 0, 65_535);

/** Reads `9090`, `0.0.0.0:9090` or `[::1]:9090`. The host is this machine's own unless given. */
function httpAddress(text: string): { host?: string; port: number } {
  const [, host, number] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError("It is not a port, or host:port.");
  return { port: port(number), ...(host && { host: host.replace(/^\[(.*)\]$/, "$1") }) };
}

/** Reads `660`, or `0o660` as the daemon's configuration file has it. */
function permissions(text: string): number {
  const [, digits] = /^(?:0o)?([0-7]{1,4})$/.exec(text) ?? [];
  const mode = Number.parseInt(digits ?? "", 8);
  if (mode <= 0o777) return mode;
  throw new InvalidArgumentError("It is not an octal number from 0 to 777.");
}

const trace = () => new Option("--trace <file>", "write every API message, both ways, to the file as JSON lines");

function apiCommands(program: Command): void {
  vppOnly(program.command("api"))
    .description("send one request to VPP's binary API; replies are printed as JSON lines")
    .argument("<message>", "such as show_version or sw_interface_dump")
    .argument("[fields]", "the request's fields as JSON; bytes are text in hex", parseFields, {})
    .addOption(timeout(10_000, "how long to wait for an answer"))
    .addOption(trace())
    .option("--json", "errors are JSON too; replies are always")
    .action(runs(commands.api));
  program
    .command("generate")
    .description("write TypeScript types, so that vpp.call() is checked for every message of a VPP")
    .requiredOption("--from <path>", "folder of .api.json files, or a VPP's API socket", "/usr/share/vpp/api")
    .requiredOption("--out <file>", "file to write; - for standard output")
    .addOption(trace())
    .option("--json", "errors are JSON too")
    .action(runs(commands.generate));
}

function simCommand(program: Command): void {
  program
    .command("sim")
    .description("run the embedded VPP until interrupted: the binary API and the punt socket of a VPP, without root")
    .option("--directory <folder>", "folder of its sockets; default: a new one, removed at the end")
    .option("--release <release>", "the VPP release it presents; default: the newest")
    .option("--interface <name>", "a network card, which is up; can be given again", collect, [])
    .option("--exec <line>", "a line of VPP's command line to run at start; can be given again", collect, [])
    .option("--without <plugin>", "a plugin it lacks; can be given again", collect, [])
    .addOption(
      new Option("--host <kind>", "where TAPs end; on linux they are real, which needs root")
        .choices(["emulated", "linux"])
        .default("emulated"),
    )
    .option("--json", "print JSON")
    .action(runs(commands.sim));
}

function daemonCommand(program: Command): void {
  const command = program
    .command("daemon")
    .description("manage the punts of many CNFs on one VPP: they ask over gRPC")
    .option("--config <file>", "YAML file of options, named as in DaemonOptions; the command line comes first")
    .option("--socket <path>", "where to listen (default: /run/vpp-punt/manager.sock)", path)
    .option("--socket-mode <mode>", "permissions of the socket, octal (default: 660)", permissions)
    .option("--socket-group <group>", "group of the socket, by name or number")
    .option("--socket-directory <folder>", "where the CNFs' punt sockets are (default: /run/vpp-punt/sockets)", path)
    .addOption(
      new Option("--vpp <path>", "VPP's API socket (default: /run/vpp/api.sock)").env("VPP_PUNT_VPP").argParser(path),
    )
    .addOption(statsSocket())
    .option("--state <folder>", "what the daemon must remember (default: /var/lib/vpp-punt)", path)
    .option("--policy <file>", "who may do what", path)
    .option("--audit <file>", "file of the audit log", path)
    .option(
      "--http <address>",
      "serve /livez, /readyz and /metrics at this port, or host:port (default: no port)",
      httpAddress,
    )
    .option(
      "--page [address]",
      "serve a page of all punts for browsers, at this port of this machine (default: 9474), and at the sockets",
      httpAddress,
    )
    .option("--stonework <folder>", "orchestrate StoneWork's CNFs, which announce themselves below it", path)
    .option("--stonework-config <file>", "YAML file in ligato's form with configuration of these CNFs", path)
    .option("--sim", "run an embedded VPP and manage that one: nothing is needed and nothing is touched")
    .option("--interface <name>", "a network card of the embedded VPP; can be given again", collect, [])
    .option("--json", "errors are JSON too; the log is always");
  clustered(managing(command)).action(runs(commands.daemon));
}

function moduleCommand(program: Command): void {
  const label = new Option("--label <label>", "label of the CNF: MICROSERVICE_LABEL of its container");
  const command = program
    .command("module")
    .description("be a CNF of a StoneWork agent until interrupted, and print what it announces of punts")
    .requiredOption("--stonework", "the agent is StoneWork's: no other kind is known")
    .addOption(label.env("MICROSERVICE_LABEL").makeOptionMandatory())
    .option("--directory <folder>", "StoneWork's directory, a volume that all share (default: /run/stonework)", path)
    .option(
      "--address <ipv4>",
      "where StoneWork reaches this CNF (default: as CNF_MGMT_INTERFACE or CNF_MGMT_SUBNET say)",
    )
    .addOption(new Option("--grpc-port <port>", "port of the services (default: a free one)").argParser(port))
    .addOption(new Option("--http-port <port>", "port of the status page (default: a free one)").argParser(port))
    .option("--state <file>", "keeps what StoneWork announced, which it does not repeat", path);
  printed(command, ["text", "json"]).action(runs(commands.module));
}

function reportCommands(program: Command): void {
  const text = "what this installation can do, what it cannot and why";
  printed(vppOnly(program.command("info").description(text)), ["text", "json"]).action(runs(commands.info));
}

function doctorCommand(program: Command): void {
  const text = "find what is wrong with this machine, and say how to mend it";
  const daemon = new Option("--socket <path>", "the daemon's socket").env("VPP_PUNT_SOCKET").argParser(path);
  printed(program.command("doctor").description(text), ["text", "json"])
    .addOption(vppSocket())
    .addOption(daemon.default(DEFAULT_DAEMON_SOCKET))
    .option("--root <folder>", "look at the machine whose file system is mounted there", "/")
    .action(runs(commands.doctor));
}

function describingCommands(program: Command): void {
  program
    .command("completion")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .action(runs(commands.completion));
  program.command("man", { hidden: true }).description("print the man page").action(runs(commands.man));
}

function demoCommand(program: Command): void {
  const text = "show punts of all types, a daemon and two CNFs on the embedded VPP: no root, and nothing to set up";
  printed(program.command("demo").description(text), ["text", "json"]).action(runs(commands.demo));
}

function initCommand(program: Command): void {
  const text = "make the project of a new CNF: TypeScript, a test on the embedded VPP, a Dockerfile";
  printed(program.command("init").description(text), ["text", "json"])
    .argument("<folder>", "the folder to make")
    .addOption(
      new Option("--udp <port>", "UDP port that the CNF serves").argParser(integer("a port", 1, 65_535)).default(9000),
    )
    .option("--name <name>", "name of the package and label of the CNF (default: the folder's name)")
    .option("--package <spec>", "what npm installs as vpp-punt: a version or a path (default: this version)")
    .action(runs(commands.init));
}

function benchCommand(program: Command): void {
  const text = "measure packets a second into Node.js on this machine, and requests a second to VPP's API";
  printed(program.command("bench").description(text), ["table", "json"])
    .addOption(
      new Option("--duration <ms>", "time of each measurement").argParser(integer("milliseconds", 10)).default(3_000),
    )
    .addOption(new Option("--size <bytes>", "bytes of a frame").argParser(integer("bytes", 64, 2_048)).default(64))
    .addOption(new Option("--only <subject...>", "measure these only").choices(["memif", "socket", "api"]).default([]))
    .option("--vpp <path>", "API socket of the VPP to ask (default: an embedded VPP)", path)
    .action(runs(commands.bench));
}

/** Adds the commands beside the punts to the program. */
export function addToolCommands(program: Command): void {
  const described = [reportCommands, doctorCommand, describingCommands];
  for (const add of [
    demoCommand,
    initCommand,
    benchCommand,
    apiCommands,
    simCommand,
    daemonCommand,
    moduleCommand,
    ...described,
  ])
    add(program);
}
