// `vpp-punt punts`: the punt manager by hand. One run is one manager, over the same store as the runs before.
import { isDeepStrictEqual } from "node:util";
import type { Command } from "commander";
import { Vpp } from "../binapi/client.js";
import { DEFAULT_SOCKET_PATH } from "../binapi/socket-transport.js";
import { PuntError } from "../errors.js";
import {
  type DryRun,
  FileStore,
  idKey,
  idText,
  loadRequests,
  type PuntEvent,
  type PuntId,
  PuntManager,
  type PuntRequest,
  type PuntStatus,
} from "../punt/index.js";
import { ExitStatus } from "./exit.js";
import { interrupted } from "./interrupted.js";
import { json, table } from "./print.js";

const DEFAULT_STORE = "/var/lib/vpp-punt/punts.json";

interface Options {
  socket: string;
  store: string;
  memifDirectory?: string;
  json?: boolean;
  prune?: boolean;
  replace?: boolean;
}

export function register(program: Command): void {
  const punts = program.command("punts").description("ask for punts, and see what became of them");
  const command = (name: string, description: string) =>
    punts
      .command(name)
      .description(description)
      .option("--socket <path>", "VPP's API socket", DEFAULT_SOCKET_PATH)
      .option("--store <file>", "where the punts asked for are kept", DEFAULT_STORE)
      .option("--memif-directory <folder>", "folder of the memif sockets")
      .option("--json", "print JSON");
  const prune = ["--prune", "delete punts that are not in the file"] as const;
  const replace = ["--replace", "delete and add again punts that the file has otherwise"] as const;
  command("apply", "ask for the punts of a YAML or JSON file")
    .argument("<file>")
    .option(...prune)
    .option(...replace)
    .action(apply);
  command("plan", "print what would be done, and do nothing")
    .argument("[file]")
    .option(...prune)
    .option(...replace)
    .action(plan);
  command("list", "print the punts asked for, and what VPP lacks of each").action(list);
  command("delete", "delete a punt")
    .argument("<cnf>")
    .argument("[key]", "", "")
    .argument("[label]", "", "")
    .action(remove);
  command("watch", "keep VPP as the punts want it, and print every change, until interrupted").action(watch);
}

/** Runs `body` with a manager over the store; leaves the punts in VPP. */
async function withManager<T>(
  options: Options,
  readOnly: boolean,
  body: (manager: PuntManager) => Promise<T>,
): Promise<T> {
  const { socket, store, memifDirectory } = options;
  const vpp = await Vpp.connect({ socketPath: socket });
  let manager: PuntManager | undefined;
  try {
    const folder = memifDirectory === undefined ? {} : { memifDirectory };
    manager = await PuntManager.start({ vpp, readOnly, store: new FileStore(store), ...folder });
    return await body(manager);
  } finally {
    await manager?.close();
    await vpp.close();
  }
}

function isSame(a: PuntId, b: PuntId): boolean {
  return idKey(a) === idKey(b);
}

/** Punts of the store that go: those that the file has not (`prune`), and those it has otherwise (`replace`). */
function deletions(manager: PuntManager, requests: readonly PuntRequest[], { prune, replace }: Options): PuntId[] {
  const gone = manager.list().filter(({ id, request }) => {
    const wanted = requests.find((it) => isSame(id, it));
    return wanted === undefined ? prune : replace && !isDeepStrictEqual(wanted, request);
  });
  return gone.map(({ id }) => id);
}

/** Why a punt is not CREATED. */
function reasonOf({ missing, failure }: PuntStatus): string {
  return failure ? `${failure.item}: ${failure.message} (${failure.code})` : missing.map(({ text }) => text).join(", ");
}

async function apply(file: string, options: Options): Promise<void> {
  const requests = await loadRequests(file);
  await withManager(options, false, async (manager) => {
    const errors: PuntError[] = [];
    const gone = deletions(manager, requests, options);
    // Nothing is deleted for a file that could not be had.
    if (gone.length > 0) await manager.plan({ delete: gone, add: requests });
    for (const id of gone) await manager.delete(id);
    for (const request of requests) await manager.add(request).catch((error) => errors.push(asPuntError(error)));
    // Punts of the store that the file has not are waited for too.
    await manager.resync();
    const statuses = manager.list();
    if (options.json)
      console.log(json({ punts: statuses, errors: errors.map(({ code, message }) => ({ code, message })) }));
    else console.log(statusTable(statuses));
    if (errors.length === 0) return;
    for (const error of options.json ? [] : errors) console.error(advised(error));
    process.exitCode = ExitStatus.failed;
  });
}

function advised({ code, message }: PuntError): string {
  return code === "ERR_PUNT_EXISTS" ? `${message}, or use apply --replace` : message;
}

/** What is no PuntError is a bug, and ends the command. */
function asPuntError(error: unknown): PuntError {
  if (error instanceof PuntError) return error;
  throw error;
}

function statusTable(statuses: readonly PuntStatus[]): string {
  const rows = statuses.map((status) => {
    const { id, request, state } = status;
    return [idText(id), request.type, request.interconnect, state, reasonOf(status)];
  });
  return table(["PUNT", "TYPE", "INTERCONNECT", "STATE", ""], rows);
}

async function plan(file: string | undefined, options: Options): Promise<void> {
  const requests = file === undefined ? [] : await loadRequests(file);
  await withManager(options, true, async (manager) => {
    const run = await manager.plan({ delete: deletions(manager, requests, options), add: requests });
    if (options.json) return console.log(json(run));
    console.log(run.toString());
    for (const { id, state, reasons } of run.punts)
      if (state !== "CREATED") console.log(`${state} ${idText(id)}  (${reasons.join(", ")})`);
  });
}

/** A punt is CREATED if VPP could have it and nothing is left to do for it. */
function listed({ id, request }: PuntStatus, run: DryRun) {
  const found = run.punts.find((punt) => isSame(punt.id, id))!;
  const steps = run.steps.filter(({ punts }) => punts.some((punt) => isSame(punt, id))).length;
  const state = found.state === "CREATED" && steps > 0 ? "PENDING" : found.state;
  const reasons = steps > 0 ? [...found.reasons, `${steps} steps to do`] : found.reasons;
  return { id, type: request.type, interconnect: request.interconnect, state, reasons };
}

async function list(options: Options): Promise<void> {
  await withManager(options, true, async (manager) => {
    const run = await manager.plan();
    const punts = manager.list().map((status) => listed(status, run));
    if (options.json) return console.log(json({ punts }));
    const rows = punts.map(({ id, type, interconnect, state, reasons }) => {
      return [idText(id), type, interconnect, state, reasons.join(", ")];
    });
    console.log(table(["PUNT", "TYPE", "INTERCONNECT", "STATE", ""], rows));
  });
}

async function remove(cnf: string, key: string, label: string, options: Options): Promise<void> {
  await withManager(options, false, (manager) => manager.delete({ cnf, key, label }));
}

async function watch(options: Options): Promise<void> {
  await withManager(options, false, async (manager) => {
    const show = ({ id, from, to, cause }: PuntEvent) => {
      const time = new Date().toISOString();
      if (options.json) console.log(JSON.stringify({ time, id, from, to, cause }));
      else console.log(`${time} ${idText(id)} ${from ?? "-"} -> ${to}: ${cause}`);
    };
    manager.on("state", show);
    manager.on("problem", (error) => console.error(error.message));
    await interrupted();
  });
}
