// The commands about punts: their names, their arguments and the modules that run them.
import { type Command, Option } from "commander";
import { commands } from "../commands/index.js";
import { ofDaemon } from "./daemon.js";
import { ofHosts } from "./etcd.js";
import { answerTimeout, identified, managed, milliseconds, printed, runs, selected, timeout } from "./options.js";

const STATES = ["CREATED", "PENDING", "DEGRADED", "FAILED", "DELETED"];

const prune = () => new Option("--prune", "delete punts that are not in the file");
/** An option of the first release. A changed punt is now updated without it. */
const replace = () => new Option("--replace").hideHelp();
const detailed = () =>
  new Option("--detailed-exitcode", "exit with 3 if there is something to change, with 0 if there is nothing");

type Managed = (command: Command) => Command;

function addCommand(program: Command, manage: Managed): void {
  const command = program.command("add").description("ask for one punt");
  printed(manage(command), ["table", "wide", "yaml", "json"])
    .argument("[request]", "the request as JSON or YAML; - or nothing reads standard input")
    .option("-f, --file <file>", "read the request from a file")
    .addOption(timeout(60_000))
    .option("--wait", "wait until the punt is CREATED")
    .action(runs(commands.add));
}

function deleteCommand(program: Command, manage: Managed): void {
  const command = program.command("delete").description("delete a punt");
  identified(printed(manage(command), ["text", "json"]))
    .addOption(timeout(60_000))
    .action(runs(commands.delete));
}

function applyCommand(program: Command, manage: Managed): void {
  const command = program.command("apply").description("make the punts what a YAML or JSON file says");
  printed(manage(command), ["table", "wide", "yaml", "json"])
    .argument("<file>", "the file; - reads standard input")
    .addOption(prune())
    .addOption(replace())
    .option("--wait", "wait until every punt of the file is CREATED")
    .addOption(timeout(60_000))
    .action(runs(commands.apply));
}

function planCommand(program: Command, manage: Managed): void {
  const command = program.command("plan").description("print what apply would change, and change nothing");
  printed(manage(command), ["text", "json", "yaml"])
    .argument("[file]", "the file; - reads standard input")
    .addOption(prune())
    .addOption(replace())
    .addOption(detailed())
    .addOption(answerTimeout())
    .action(runs(commands.plan));
}

function adoptCommand(program: Command): void {
  const text = "take over from StoneWork: show which objects in VPP become this manager's, or take them";
  printed(managed(program.command("adopt").description(text)), ["text", "json", "yaml"])
    .argument("<file>", "the punts that StoneWork has; - reads standard input")
    .option("--yes", "take them; without it nothing is changed")
    .action(runs(commands.adopt));
}

function hostsCommand(program: Command): void {
  const text = "print the hosts in etcd and which daemon acts for each, or what a daemon does for its host";
  const command = ofHosts(ofDaemon(program.command("hosts").description(text)))
    .addOption(answerTimeout())
    .option("--all-hosts", "every host that the daemon reaches, and not what it does for its own");
  printed(command, ["table", "yaml", "json"]).action(runs(commands.hosts));
}

function resumeCommand(program: Command): void {
  const text = "let the daemons of a host go on after etcd was restored or replaced: say whose punts hold";
  printed(ofHosts(program.command("resume").description(text)), ["text", "json"])
    .addOption(
      new Option("--keep <whose>", "etcd: VPP gets what etcd has; daemon: etcd gets what the daemon remembers")
        .choices(["etcd", "daemon"])
        .makeOptionMandatory(),
    )
    .addOption(timeout(10_000, "how long to wait for a daemon"))
    .action(runs(commands.resume));
}

function listCommand(program: Command, manage: Managed): void {
  const command = program.command("list").alias("ls").description("print the punts and their states");
  selected(printed(manage(command), ["table", "wide", "yaml", "json"]))
    .option("--all-hosts", "the punts of every host in etcd; --etcd without --host prints them too")
    .option("-w, --watch", "print the list again at every change, until interrupted")
    .addOption(timeout(10_000, "how long to wait for VPP and the daemon at most"))
    .action(runs(commands.list));
}

function showCommand(program: Command, manage: Managed): void {
  const command = program.command("show").alias("describe").description("print everything about a punt");
  identified(printed(manage(command), ["text", "yaml", "json"]))
    .addOption(answerTimeout())
    .action(runs(commands.show));
}

function watchCommand(program: Command, manage: Managed): void {
  const command = program
    .command("watch")
    .description("keep VPP as the punts want it, and print every change, until interrupted");
  selected(printed(manage(command), ["text", "json"]))
    .addOption(answerTimeout())
    .action(runs(commands.watch));
}

function waitCommand(program: Command, manage: Managed): void {
  const command = program.command("wait").description("wait until punts are in a state");
  selected(printed(manage(command), ["table", "wide", "yaml", "json"]))
    .argument("[cnf]", "label of the CNF, or cnf/key/label; all punts if left out")
    .argument("[key]", "the configuration item that the punt was made for")
    .argument("[label]", "tells several punts of one item apart")
    .addOption(new Option("--for <state>", "the state to wait for").choices(STATES).default("CREATED"))
    .addOption(timeout(60_000))
    .action(runs(commands.wait));
}

function fileCommands(program: Command): void {
  printed(program.command("validate").description("check files of punts, without VPP"), ["text", "json"])
    .argument("<files...>", "the files; - reads standard input")
    .action(runs(commands.validate));
  program
    .command("schema")
    .description("print the JSON schema of a request")
    .option("--file", "of a file of punts, for editors")
    .addOption(new Option("--markdown", "print the fields as a page of documentation").conflicts("file"))
    .option("--out <file>", "write it to a file")
    .option("--json", "errors are JSON too")
    .action(runs(commands.schema));
}

function runCommand(program: Command, manage: Managed): void {
  const command = program
    .command("run")
    .description("apply a file, then keep VPP as it says and follow changes of the file, until interrupted");
  printed(manage(command), ["text", "json"])
    .argument("<file>", "the file of punts")
    .option("--no-prune", "keep punts that are not in the file")
    .addOption(new Option("--vpp-wait <ms>", "how long VPP may take to appear").argParser(milliseconds).default(30_000))
    .addOption(answerTimeout())
    .action(runs(commands.run));
}

/** Adds the commands about punts to the program. */
export function addPuntCommands(program: Command): void {
  const manage = (command: Command) => ofHosts(ofDaemon(managed(command)));
  for (const add of [addCommand, deleteCommand, applyCommand, planCommand, listCommand, showCommand])
    add(program, manage);
  adoptCommand(program);
  watchCommand(program, manage);
  waitCommand(program, manage);
  fileCommands(program);
  runCommand(program, manage);
  hostsCommand(program);
  resumeCommand(program);
}

/** Adds `punts`, the form of the first release, in which `--socket` is VPP's. */
export function addOldForm(program: Command): void {
  const punts = program.command("punts", { hidden: true }).description("the commands about punts, in their first form");
  const manage = (command: Command) => managed(command, "--vpp, --socket <path>");
  for (const add of [addCommand, deleteCommand, applyCommand, planCommand, listCommand, showCommand])
    add(punts, manage);
  watchCommand(punts, manage);
  waitCommand(punts, manage);
}
