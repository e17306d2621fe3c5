// The check for a second manager: two that manage one owner's punts in one VPP.
import { parse as parseYaml } from "yaml";
import { DEFAULT_VPP_SOCKET } from "../../default-sockets.js";
import { DEFAULT_OWNER, type ListedManager } from "../../punt/index.js";
import type { Check, Finding, Machine, Process } from "./check.js";

const PROGRAM = /(^|\/)(vpp-punt|cli\/main\.js)$/;
const MANAGING = new Set(["watch", "run", "daemon"]);

/** Tells whether a command line is a command of vpp-punt that manages punts until it is interrupted. */
function isManager({ words }: Process): boolean {
  const at = words.findIndex((word) => PROGRAM.test(word));
  if (at < 0) return false;
  const [command, old] = words.slice(at + 1);
  return MANAGING.has((command === "punts" ? old : command) ?? "");
}

/** Returns the value of an option, as `--name value` or `--name=value`. */
function optionOf({ words }: Process, name: string): string | undefined {
  const at = words.indexOf(name);
  if (at >= 0) return words[at + 1];
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Entries of a daemon's options file that say which VPP and which owner it has. */
interface ConfiguredManager {
  readonly vppSocket?: string;
  readonly etcd?: unknown;
  readonly manager?: { readonly owner?: string };
}

function configured(machine: Machine, manager: Process): ConfiguredManager {
  const file = optionOf(manager, "--config");
  if (file === undefined) return {};
  try {
    return parseYaml(machine.textOf(manager.pid, file) ?? "") ?? {};
  } catch {
    return {}; // the daemon itself refuses the file
  }
}

interface Realm {
  readonly owner: string;
  readonly vpp: string;
}

/**
 * Returns the owner and the VPP of a manager. A VPP is known by its socket's file: two paths may lead to one VPP, and in two
 * containers one path leads to two. Undefined: the manager has a VPP of its own, or etcd chooses between it and others, or this user may
 * not see which one it has.
 */
function realm(machine: Machine, manager: Process): Realm | undefined {
  const { pid, words } = manager;
  const { vppSocket, etcd, manager: options } = configured(machine, manager);
  if (!machine.mayInspect(pid)) return undefined;
  if (words.includes("--sim") || etcd !== undefined || optionOf(manager, "--etcd") !== undefined) return undefined;
  const owner =
    optionOf(manager, "--owner") ?? machine.variable(pid, "VPP_PUNT_OWNER") ?? options?.owner ?? DEFAULT_OWNER;
  const named = optionOf(manager, "--vpp") ?? machine.variable(pid, "VPP_PUNT_VPP") ?? vppSocket;
  const vpp = named ?? DEFAULT_VPP_SOCKET;
  return { owner, vpp: machine.fileOf(pid, vpp) ?? vpp };
}

const WHY = "VPP lets one of them work, and the other's punts are FAILED (ERR_OWNER_BUSY)";

interface Command extends Process {
  readonly realm: Realm | undefined;
}

function secondCommands(commands: readonly Command[]): Command[] {
  const realms = commands.map(({ realm }) => realm && `${realm.owner} ${realm.vpp}`);
  return commands.filter((_, index) => realms[index] && realms.indexOf(realms[index]) !== index);
}

function secondFinding({ pid }: Command): Finding {
  return {
    level: "problem",
    what: `a second manager with the same owner and the same VPP runs here (pid ${pid})`,
    why: WHY,
    remedy: `kill ${pid}, or give it another --owner and --store`,
  };
}

/** Returns the number and the words for people of the process of a manager in VPP's list. */
function processOf(machine: Machine, listed: ListedManager): { pid: number; name: string; isHere: boolean } {
  const process = machine.processes().find(({ pid }) => machine.ownPid(pid) === listed.pid);
  const name = process ? process.words.slice(0, 2).join(" ") : "in another PID namespace";
  return { pid: process?.pid ?? listed.pid, name, isHere: process !== undefined };
}

/** Names a waiting manager and the manager that it waits for. */
function waitingFinding(machine: Machine, waiting: ListedManager, listed: readonly ListedManager[]): Finding {
  const { pid, name } = processOf(machine, waiting);
  const holder = listed.find(({ isWaiting, ownerHash }) => !isWaiting && ownerHash === waiting.ownerHash);
  const other = holder && processOf(machine, holder);
  const rival = other === undefined ? "another manager" : `another manager (${other.name}, pid ${other.pid})`;
  return {
    level: "problem",
    what: `a manager (${name}, pid ${pid}) waits for the end of ${rival} of the same owner in the same VPP`,
    why: WHY,
    remedy: `kill ${pid}, or give it another owner and store`,
  };
}

/** Finds managers in the user's own programs, by the mark that each manager leaves in VPP. */
function programs(machine: Machine, listed: readonly ListedManager[], commands: readonly Command[]): Finding[] {
  const own = new Set(commands.map(({ pid }) => machine.ownPid(pid)));
  const here = machine.fileAt(machine.vppSocket) ?? machine.vppSocket;
  return listed
    .filter(({ pid, isWaiting }) => !own.has(pid) && !isWaiting)
    .flatMap((program) => programFinding(machine, program, commands, here));
}

function programFinding(
  machine: Machine,
  program: ListedManager,
  commands: readonly Command[],
  here: string,
): Finding[] {
  const { pid, name, isHere } = processOf(machine, program);
  const rival = commands.find(({ realm }) => realm && realm.vpp === here && program.isOf(realm.owner));
  const remedy = `kill ${pid}, or give one of the two another owner and store`;
  if (rival) {
    const what = `a program (${name}, pid ${pid}) and vpp-punt (pid ${rival.pid}) manage the same owner's punts in the same VPP`;
    return [{ level: "problem", what, why: WHY, remedy }];
  }
  // The commands go to a daemon where one listens, and that may be this program.
  if (!isHere || !program.isOf(DEFAULT_OWNER) || machine.exists(machine.daemonSocket)) return [];
  const what = `a program (${name}, pid ${pid}) manages the punts of the owner ${DEFAULT_OWNER} in this VPP`;
  const why = "a command or a daemon of this owner is refused (ERR_OWNER_BUSY) while the program runs";
  return [{ level: "advice", what, why, remedy: `let the program do it, or ${remedy}` }];
}

export const secondManager: Check = {
  name: "second manager",
  async run(machine) {
    const commands = machine.processes().filter(isManager);
    const listed = await machine.askManagers();
    const waiting = listed.filter(({ isWaiting }) => isWaiting);
    const isWaiting = ({ pid }: Process) => waiting.some((each) => each.pid === machine.ownPid(pid));
    // The waiting manager counts as the second.
    const ordered = [...commands.filter((each) => !isWaiting(each)), ...commands.filter(isWaiting)];
    const known = ordered.map((each) => ({ ...each, realm: realm(machine, each) }));
    const second = secondCommands(known);
    const found = new Set(second.map(({ pid }) => machine.ownPid(pid)));
    const others = waiting.filter(({ pid }) => !found.has(pid));
    return [
      ...second.map(secondFinding),
      ...others.map((each) => waitingFinding(machine, each, listed)),
      ...programs(machine, listed, known),
    ];
  },
};
