// The second part: all seven types of punt through the punt manager, packets through each, and a restart of VPP in the middle.
import { join } from "node:path";
import { Vpp } from "../lib/binapi/index.js";
import { type PuntId, PuntManager } from "../lib/index.js";
import type { SpawnedVpp } from "../lib/sim/index.js";
import { readFrames } from "./capture.js";
import { type TypeCase, typeCases } from "./cases.js";
import { type Application, openApplication } from "./cnf.js";
import type { Report } from "./report.js";
import { settled, until } from "./until.js";
import { HAIRPIN_VRF } from "./vpp.js";

export interface TypeResult {
  readonly type: string;
  readonly interconnect: string;
  readonly state: string;
  readonly expected: number;
  readonly received: number;
}

/** A case with its punt added and its interconnects open. */
interface Running extends TypeCase {
  readonly id: PuntId;
  readonly application: Application;
}

const frames = readFrames();

/** Makes the VRF of the hairpin, for which the manager waits. An operator's configuration of VPP would have it. */
async function configure(api: Vpp): Promise<void> {
  await api.call("ip_table_add_del", {
    is_add: true,
    table: { table_id: HAIRPIN_VRF, is_ip6: false, name: "inside" },
  });
}

async function start(manager: PuntManager, item: TypeCase): Promise<Running> {
  const { id, metadata } = await manager.add(item.request, { waitFor: "CREATED", timeout: 10_000 });
  return { ...item, id, application: openApplication(metadata) };
}

/** Replays the capture for one punt; resolves with how many packets had to come out, and how many did. */
async function exercise(vpp: SpawnedVpp, manager: PuntManager, running: Running) {
  const { id, application, from, expects, leaves } = running;
  await application.ready(manager.get(id)!.metadata);
  application.received.length = 0;
  if (leaves) await vpp.transmitted(leaves.by); // starts the watch, or forgets what was seen
  let left = 0;
  const count = async () => {
    if (leaves) left += (await vpp.transmitted(leaves.by)).filter(leaves.counts).length;
    return application.received.length + left;
  };
  const expected = frames.filter(expects).length + (leaves ? frames.filter(leaves.expects).length : 0);
  await vpp.inject(from, frames);
  await settled(count, expected);
  return { expected, received: await count() };
}

function stateOf(manager: PuntManager, { id }: Running): string {
  return manager.get(id)!.state;
}

async function exerciseAll(vpp: SpawnedVpp, manager: PuntManager, all: readonly Running[]): Promise<TypeResult[]> {
  const results: TypeResult[] = [];
  for (const running of all) {
    const { type, interconnect = "AF_UNIX" } = running.request;
    results.push({ type, interconnect, state: stateOf(manager, running), ...(await exercise(vpp, manager, running)) });
  }
  return results;
}

export function isGood({ state, expected, received }: TypeResult): boolean {
  return state === "CREATED" && expected > 0 && expected === received;
}

/** Kills VPP and starts it again with nothing but its own configuration. Resolves with whether every punt came back. */
async function restart(vpp: SpawnedVpp, api: Vpp, manager: PuntManager, all: readonly Running[], report: Report) {
  await vpp.kill();
  await until(() => !api.isConnected);
  report.line(`VPP was killed: ${all.map((running) => stateOf(manager, running)).join(" ")}`);
  await vpp.start();
  await until(() => api.isConnected);
  await configure(api);
  const back = await until(() => all.every((running) => stateOf(manager, running) === "CREATED"));
  report.line(`VPP is back:    ${all.map((running) => stateOf(manager, running)).join(" ")}`);
  return back;
}

/** Runs it; resolves with what each type brought, and whether all of it worked again after VPP's restart. */
export async function runTypes(vpp: SpawnedVpp, report: Report): Promise<{ types: TypeResult[]; survived: boolean }> {
  const socketPath = join(vpp.directory, "types.sock");
  await using api = await Vpp.connect({ socketPath: vpp.apiSocket });
  await configure(api);
  const manager = await PuntManager.start({ vpp: api, memifDirectory: join(vpp.directory, "memif") });
  const all: Running[] = [];
  try {
    for (const item of typeCases(socketPath)) all.push(await start(manager, item));
    const types = await exerciseAll(vpp, manager, all);
    const isBack = await restart(vpp, api, manager, all, report);
    const again = isBack ? await exerciseAll(vpp, manager, all) : [];
    for (const result of again.filter((it) => !isGood(it))) report.line(`after the restart: ${JSON.stringify(result)}`);
    const survived = isBack && again.every(isGood);
    for (const { id } of all) await manager.delete(id);
    return { types, survived };
  } finally {
    for (const { application } of all) application.close();
    await manager.close();
  }
}
