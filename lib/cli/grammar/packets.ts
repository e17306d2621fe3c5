// The commands about packets: their names, their arguments and the modules that run them.
import { type Command, InvalidArgumentError, Option } from "commander";
import { commands } from "../commands/index.js";
import { ofDaemon } from "./daemon.js";
import { ofHosts } from "./etcd.js";
import {
  answerTimeout,
  daemonSocket,
  identified,
  integer,
  managed,
  milliseconds,
  path,
  printed,
  runs,
  selected,
  statsSocket,
  timeout,
  vppSocket,
} from "./options.js";

function pattern(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** A command that takes the CNF's place and receives packets. */
function receiving(command: Command): Command {
  return identified(ofDaemon(managed(command)))
    .addOption(answerTimeout())
    .addOption(new Option("-c, --count <number>", "end after this number of packets").argParser(integer("packets", 1)))
    .addOption(new Option("--duration <ms>", "end after this time").argParser(milliseconds))
    .option("--filter <expression>", "only packets that a capture filter takes, in tcpdump's language: 'udp port 53'");
}

function attachCommand(program: Command): void {
  receiving(
    program
      .command("attach")
      .description("take the CNF's place: write the packets of a punt as a capture, or join it to a TAP"),
  )
    .addOption(new Option("-w, --write <file>", "where to write; - is standard output").default("-"))
    .addOption(
      new Option(
        "--tap <name>",
        "make this TAP instead, and pass packets both ways; <name>1 and <name>2 for two interconnects",
      ).conflicts(["write", "format"]),
    )
    .addOption(new Option("--format <format>", "format of the capture").choices(["pcap", "pcapng"]).default("pcap"))
    .option("--json", "errors are JSON")
    .action(runs(commands.attach));
}

function dumpCommand(program: Command): void {
  const text = "take the CNF's place and print a line about each packet of a punt";
  printed(receiving(program.command("dump").description(text)), ["text", "json"])
    .addOption(
      new Option("--match <pattern>", "only packets whose line matches a regular expression").argParser(pattern),
    )
    .option("-w, --write <file>", "write pcapng with VPP's interface names instead; - is standard output")
    .action(runs(commands.dump));
}

function injectCommand(program: Command): void {
  printed(program.command("inject").description("send packets into VPP through its punt socket"), ["text", "json"])
    .argument("[hex]", "a packet in hex")
    .option("-f, --file <file>", "a pcap file instead: Ethernet frames, or IP packets")
    .requiredOption(
      "--interface <name>",
      "frames leave by this interface; IP packets are routed as if it had received them",
    )
    .option("--ip", "the hex is an IP packet; otherwise it is an Ethernet frame")
    .addOption(new Option("--punt-socket <path>", "VPP's punt socket (default: /run/vpp/punt.sock)").argParser(path))
    .addOption(vppSocket())
    .addOption(daemonSocket())
    .addOption(timeout(10_000, "how long to wait for VPP's punt socket"))
    .action(runs(commands.inject));
}

function topCommand(program: Command): void {
  const text = "print the rates and the drops of each punt, again and again, until interrupted";
  selected(printed(ofHosts(ofDaemon(managed(program.command("top").description(text)))), ["table", "json"]))
    .addOption(answerTimeout())
    .addOption(statsSocket())
    .addOption(
      new Option("--interval <ms>", "time between two readings").argParser(integer("milliseconds", 100)).default(1_000),
    )
    .addOption(new Option("--count <number>", "end after this number of readings").argParser(integer("readings", 1)))
    .option("--totals", "print the numbers since VPP made the interfaces, instead of rates")
    .action(runs(commands.top));
}

function explainCommand(program: Command): void {
  const text = "explain why packets reach a punt or not: its way step by step, or the punts that take one frame";
  const command = ofDaemon(managed(program.command("explain").description(text)));
  printed(ofHosts(command), ["text", "json", "yaml"])
    .argument("[what]", "label of a CNF, or cnf/key/label; with --interface, a frame in hex")
    .argument("[key]", "the configuration item that the punt was made for")
    .argument("[label]", "tells several punts of one item apart")
    .addOption(statsSocket())
    .option("--interface <name>", "explain frames that this interface of VPP receives")
    .option("-f, --file <file>", "the frames of a pcap file, with --interface")
    .option(
      "--trace",
      "add VPP's own trace: of the frame, which is sent through VPP, or of the next packets that VPP receives",
    )
    .addOption(
      new Option("--duration <ms>", "how long --trace waits for packets of a punt")
        .argParser(milliseconds)
        .default(3_000),
    )
    .addOption(timeout(10_000, "how long to wait for VPP at most"))
    .action(runs(commands.explain));
}

/** Adds the commands about packets to the program. */
export function addPacketCommands(program: Command): void {
  for (const add of [attachCommand, dumpCommand, injectCommand, explainCommand, topCommand]) add(program);
}
