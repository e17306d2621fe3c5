// The conditions on the daemons of a host and their etcd.
import type { ITxnRequest } from "etcd3";
import { Keys } from "../../../lib/cluster/index.js";
import { idKey, isMade, type PuntId, type PuntRequest, type PuntStatus } from "../../../lib/punt/index.js";
import { idOf } from "../../stress/choice.js";
import { hasTrace } from "../evidence.js";
import type { VppProcess } from "../vpp.js";
import { type DaemonProcess, HOST, PREFIX } from "./daemon-process.js";
import type { EtcdModel } from "./etcd-model.js";
import type { EtcdLink } from "./etcd-process.js";
import { OPERATOR } from "./operation.js";
import type { Call } from "./wishes.js";

const keys = new Keys(PREFIX, HOST);

/** Only the daemon that has made the leader's key writes what the daemon that acts writes. */
export function checkWrite(link: EtcdLink, { success = [] }: ITxnRequest, before: number | undefined): void {
  if (link.place === OPERATOR || (before !== undefined && link.claimed === before)) return;
  const written = success.map(({ request_put: put, request_delete_range: gone }) => String(put?.key ?? gone?.key));
  const acting = [keys.folder("status"), keys.folder("state"), keys.folder("answer")];
  if (written.includes(keys.leader)) return;
  const found = written.find((key) => acting.some((folder) => key.startsWith(folder)));
  if (found) throw new Error(`daemon-${link.place} writes ${found}, and does not lead`);
}

/** Only the daemon whose lease is alive, and that claimed the lead last, changes VPP and Linux. */
export function checkLease(model: EtcdModel, daemon: DaemonProcess, what: string): void {
  const term = model.get(keys.term);
  const { lease = "", daemon: name = "nobody" } = term ? JSON.parse(term.value) : {};
  if (name === daemon.name && model.isAlive(lease)) return;
  const reason = name === daemon.name ? "its lease is over" : `${name} has claimed the lead`;
  throw new Error(`a fenced daemon acts: ${daemon.name} asks for ${what}, and ${reason}`);
}

/** A punt that is made is in VPP, if the daemon has read this VPP. */
export async function checkMade(vpp: VppProcess, from: DaemonProcess, { state, request }: PuntStatus): Promise<void> {
  const { life, disturbedAt } = vpp;
  if (life === undefined || disturbedAt >= from.lastPass || !isMade(state)) return;
  if (hasTrace(request, await life.snapshot())) return;
  throw new Error(`${from.name}: ${JSON.stringify(request)} is ${state}, and VPP does not have it`);
}

/** A change that was answered is seen by who asked for it, even if no daemon acts now. */
export function checkSeen(call: Call, request: PuntRequest, seen: PuntStatus | undefined): void {
  const waits = seen?.missing.find(({ name }) => name === "daemon");
  const isAsked =
    JSON.stringify(seen?.request) === JSON.stringify(request) && !waits?.text.includes("has not taken it");
  if (call === "delete" ? !seen || waits?.text.endsWith("to delete it") : isAsked) return;
  throw new Error(`${call} of ${JSON.stringify(request)} was answered; there is ${JSON.stringify(seen)}`);
}

/** etcd has nothing of a punt. Claims and notes that nothing needs any more go with the next write of the store. */
export function checkNoPunts(model: EtcdModel): void {
  const folders = [
    ...(["wanted", "status", "ask", "answer"] as const).map((kind) => keys.folder(kind)),
    ...["punts", "interconnects"].map((name) => keys.folder("state", name)),
  ];
  const found = folders.flatMap((folder) => model.below(folder)).map(({ key }) => key);
  const left = found.filter((key) => key !== keys.statuses);
  if (left.length > 0) throw new Error(`keys are left in etcd: ${left.join(", ")}`);
}

function shown(punts: readonly PuntStatus[]): string[] {
  return punts.map(({ request, state }) => `${state} ${JSON.stringify(request)}`).sort();
}

/** Returns a daemon that tells something else than the daemon that acts; undefined if none does. A standby may look at VPP before that one's repair. */
function dissenting(daemons: readonly DaemonProcess[], leader: DaemonProcess): DaemonProcess | undefined {
  const expected = JSON.stringify(shown(leader.list()));
  return daemons.find((daemon) => JSON.stringify(shown(daemon.list())) !== expected);
}

/** All daemons, and etcd for those who ask it, tell the same about each punt. */
export function checkAgreement(daemons: readonly DaemonProcess[], leader: DaemonProcess, model: EtcdModel): void {
  const daemon = dissenting(daemons, leader);
  if (daemon)
    throw new Error(`${daemon.name} does not tell what the daemon that acts tells:\n${describe(daemons, model)}`);
  const refused = new Set(refusedIn(model).map(idKey));
  const inEtcd = shown(statusesIn(model).flatMap((each) => (each.refused ? [] : [each.status]))).join("\n");
  // A refused change of a punt that is there is FAILED in etcd.
  const expected = shown(leader.list().filter(({ id }) => !refused.has(idKey(id)))).join("\n");
  if (inEtcd !== expected)
    throw new Error(`the statuses in etcd are not those of the daemon that acts:\n${inEtcd}\nand\n${expected}`);
}

function statusesIn(model: EtcdModel): readonly { readonly status: PuntStatus; readonly refused?: true }[] {
  const stored = model.below(keys.folder("status")).filter(({ key }) => key !== keys.statuses);
  return stored.map(({ value }) => JSON.parse(value));
}

/** Returns the punts whose wishes the daemon that acts refuses. Watchers of etcd see these wishes as punts. */
export function refusedIn(model: EtcdModel): PuntId[] {
  return statusesIn(model).flatMap(({ status, refused }) => (refused ? [status.id] : []));
}

/** Returns what the daemons and etcd have. */
export function describe(daemons: readonly DaemonProcess[], model: EtcdModel): string {
  return [
    ...daemons.flatMap((daemon) => [
      `${daemon.name}: ${daemon.role}, VPP ${daemon.isConnected}, left: ${daemon.left}, problem: ${daemon.problem}`,
      ...daemon
        .list()
        .map(
          ({ id, state, missing, failure }) =>
            `${JSON.stringify(id)} ${state} ${JSON.stringify(missing)} ${failure?.message}`,
        ),
    ]),
    ...model.below(PREFIX).map(({ key, value, lease }) => `${key} ${lease} ${value.slice(0, 160)}`),
  ].join("\n");
}

/** Whether each wish has a punt, or is refused because it conflicts with another one, and all daemons tell the same. */
export async function isAnswered(
  wanted: readonly PuntRequest[],
  daemons: readonly DaemonProcess[],
  leader: DaemonProcess,
): Promise<boolean> {
  if (dissenting(daemons, leader)) return false;
  const accepted = new Map(leader.list().map(({ request }) => [JSON.stringify(idOf(request)), request]));
  const open = wanted.filter(
    (request) => JSON.stringify(accepted.get(JSON.stringify(idOf(request)))) !== JSON.stringify(request),
  );
  for (const request of open) {
    const others = accepted.get(JSON.stringify(idOf(request)));
    const refusal = await leader.refusalOf(request, others);
    if (refusal === undefined) return false;
  }
  return true;
}
