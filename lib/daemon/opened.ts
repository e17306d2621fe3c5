// The parts of a daemon below its doors: the connection to VPP, the punts, the sessions and the audit log.
import { join } from "node:path";
import { type AskedChange, type Changes, ClusterPunts, type Explainer, historyFile } from "../cluster/index.js";
import { CounterReader } from "../counters/index.js";
import { PuntError } from "../errors.js";
import { ensureFolder, OWN_FOLDER, SOCKET_FOLDER } from "../files/index.js";
import { fromGroup } from "../options.js";
import {
  checkManagerOptions,
  DefaultHost,
  type DeviceReport,
  FileStore,
  type PuntId,
  PuntManager,
  type Punts,
  RETURN_TIME_MS,
  StoreLock,
} from "../punt/index.js";
import { InterfaceTable, LateVpp } from "../vpp/index.js";
import { AuditLog } from "./audit.js";
import { EtcdRoom } from "./etcd-room.js";
import { LastingChanges } from "./lasting.js";
import type { CheckedDaemonOptions } from "./options.js";
import { Problems } from "./problems.js";
import { explainFramesToOperator, explainToOperator, PuntNames, Snapshots } from "./service/index.js";
import { type SessionMemory, sessionFile, sessionsInEtcd } from "./session-memory.js";
import { Sessions, type SessionsOptions } from "./sessions.js";
import { managerUnderStoneWork } from "./stonework-options.js";

/** The parts of a daemon, in the order in which they are opened. */
export interface Opened {
  readonly vpp: LateVpp;
  readonly punts: Punts;
  readonly names: PuntNames;
  readonly snapshots: Snapshots;
  readonly devices: () => DeviceReport;
  readonly table: InterfaceTable;
  readonly audit: AuditLog;
  readonly sessions: Sessions;
  readonly counters: CounterReader;
  readonly problems: Problems;
  /** Absent without etcd. */
  readonly room: EtcdRoom | undefined;
  /** Keeps other daemons away from this one's memory of etcd. */
  readonly lock: StoreLock | undefined;
  /** Reads the files for etcd again. @throws PuntError of a file; what could not be read stays as it was */
  reloadEtcd(): Promise<void>;
}

/**
 * @throws PuntError ERR_STORE_BUSY: another daemon has the folder `state`; of the store, of the sessions, of the audit log, or of an option of
 * the manager
 */
export async function openParts(options: CheckedDaemonOptions): Promise<Opened> {
  const { state, etcd, socketDirectory } = options;
  await makeFolder(socketDirectory, SOCKET_FOLDER, "--socket-directory");
  if (state !== undefined) await makeFolder(state, OWN_FOLDER, "--state");
  // A file of punts has a lock of its own.
  const memory = etcd && historyFile(state);
  const lock = memory === undefined ? undefined : StoreLock.take(memory);
  try {
    return await openLocked(options, lock);
  } catch (error) {
    lock?.release();
    throw error;
  }
}

async function openLocked(options: CheckedDaemonOptions, lock: StoreLock | undefined): Promise<Opened> {
  const { vppSocket, state, logger, audit: auditFile } = options;
  const problem = (error: unknown) => logger.error({ err: error }, "something could not be written");
  const audit = await AuditLog.open(auditFile, problem);
  const vpp = new LateVpp(vppSocket);
  vpp.on("connected", () => logger.info({ vpp: vppSocket }, "VPP is connected"));
  vpp.on("disconnected", (cause) => {
    logger.warn({ vpp: vppSocket, reason: cause?.message }, "VPP is away: punts wait for it");
  });
  const problems = new Problems(logger);
  const table = new InterfaceTable(vpp);
  try {
    const counters = new CounterReader({
      indexOf: (tag) => table.find(tag)?.swIfIndex,
      vppSocket,
      statsSocket: options.statsSocket,
    });
    const punts: PuntManager | ClusterPunts = await openPunts(
      options,
      vpp,
      problems,
      {
        punt: (id, traceMs) => explainToOperator({ vpp, punts, counters }, id, traceMs),
        counters: async (cnf) => counters.read(await punts.list(cnf === undefined ? {} : { cnf })),
        frames: (question) => explainFramesToOperator({ vpp, punts }, question),
      },
      (changes) => lastingIn(punts as ClusterPunts, () => sessions, changes),
      () => lock?.requireThere(),
    );
    const names = namesOf(punts);
    const snapshots = snapshotsOf(punts);
    const cluster = punts instanceof ClusterPunts ? punts : undefined;
    const sessions = sessionsOf(punts, { memory: memoryOf(punts, state), audit, problem });
    cluster?.on("asked", (change) => recordAsked(audit, change));
    // In a cluster, the daemon that acts has them, once it does.
    if (punts instanceof PuntManager) await sessions.load().catch((error) => closeAfter(error, punts));
    const reloadEtcd = async () => cluster?.etcd.reload();
    return {
      vpp,
      punts,
      names,
      snapshots,
      devices: () => devicesOf(punts),
      table,
      audit,
      sessions,
      counters,
      problems,
      lock,
      room: cluster && new EtcdRoom(cluster.etcd, logger),
      reloadEtcd,
    };
  } catch (error) {
    table.close();
    await vpp.close();
    await audit.close();
    throw error;
  }
}

/** @throws PuntError of the store, or of an option of the manager */
async function openPunts(
  options: CheckedDaemonOptions,
  vpp: LateVpp,
  { tell: problem, passed }: Problems,
  explainer: Explainer,
  lasting: (changes: Changes) => Changes,
  requireState: () => void,
): Promise<PuntManager | ClusterPunts> {
  const { state, etcd, socket, attachSocket } = options;
  const manager = { ...managerUnderStoneWork(options), ...options.manager, vpp };
  if (etcd) {
    // The manager comes later, with the first term.
    await fromGroup("manager", () => checkManagerOptions(manager));
    // One for all terms: it listens to VPP as long as the daemon lives.
    const host = manager.host ?? new DefaultHost(vpp);
    const addresses = [socket, attachSocket];
    const cluster = { cluster: etcd, state, addresses, explainer, lasting, requireState, problem };
    const punts = await ClusterPunts.start({ ...cluster, manager: { ...manager, host } });
    return punts.on("pass", passed);
  }
  const store = state === undefined ? {} : { store: new FileStore(join(state, "punts.json")) };
  const start = { returnTime: RETURN_TIME_MS, ...manager, ...store };
  const punts = await fromGroup("manager", () => PuntManager.start(start));
  return punts.on("problem", problem).on("pass", passed);
}

/** A call that reached this daemon by etcd: the daemon or the command that passed it on has judged it. */
function recordAsked(audit: AuditLog, { by, through, call, punts, error }: AskedChange): void {
  audit.write({
    ...{ caller: by, through, call: call.charAt(0).toUpperCase() + call.slice(1) },
    decision: error ? "failed" : "allowed",
    punts: punts.map(({ cnf, key = "", label = "" }) => ({ cnf, key, label })),
    ...(error && { code: error.code, message: error.message }),
  });
}

/** Returns how a daemon makes changes that come by way of etcd. They may come before it has taken up the sessions of its host. */
export function lastingIn(punts: ClusterPunts, sessions: () => Sessions, changes: Changes): Changes {
  const here = async () => {
    if (punts.acts) await sessions().takeUp();
    return sessions();
  };
  return new LastingChanges(changes, () => punts, here);
}

/** Returns the sessions of CNFs. In a cluster, the daemon that acts has them. */
export function sessionsOf(
  punts: PuntManager | ClusterPunts,
  { audit, ...options }: Pick<SessionsOptions, "memory" | "problem"> & { readonly audit: AuditLog },
): Sessions {
  const cluster = punts instanceof ClusterPunts ? punts : undefined;
  return new Sessions({
    ...options,
    delete: async (id) => {
      // After a stop, this daemon may still have sessions that another daemon has taken over.
      if (cluster?.acts === false) throw cluster.refusal("punt.session");
      await endOfSession(audit, id, () => punts.delete(id));
    },
    ...(cluster && { elsewhere: () => cluster.refusal("punt.session") }),
  });
}

/** Deletes a punt that was bound to its CNF's life. */
async function endOfSession(audit: AuditLog, id: PuntId, end: () => Promise<void>): Promise<void> {
  const entry = { caller: `the session of CNF ${id.cnf}, which has ended`, call: "Delete", punts: [id] };
  try {
    await end();
    audit.write({ ...entry, decision: "allowed" });
  } catch (error) {
    const { code, message } = error as PuntError;
    audit.write({ ...entry, decision: "failed", code, message });
    throw error;
  }
}

/** The names of all punts, as they come and go. */
export function namesOf(punts: PuntManager | ClusterPunts): PuntNames {
  const names = new PuntNames();
  if (punts instanceof ClusterPunts) {
    punts.on("punt", (event) => names.take(event));
    return names;
  }
  for (const { id } of punts.list()) names.add(id);
  punts.on("state", (event) => names.take(event));
  return names;
}

/** A look at VPP may tell more of a punt whose state stays, such as an address. */
export function snapshotsOf(punts: PuntManager | ClusterPunts): Snapshots {
  const snapshots = new Snapshots(punts);
  const forget = () => snapshots.forget();
  if (punts instanceof ClusterPunts) punts.on("punt", forget).on("pass", forget);
  else punts.on("state", forget).on("pass", forget);
  return snapshots;
}

/** In a cluster, the daemon that takes over has the sessions too. */
function memoryOf(punts: PuntManager | ClusterPunts, state: string | undefined): SessionMemory | undefined {
  if (punts instanceof ClusterPunts) return sessionsInEtcd(punts.kept);
  return state === undefined ? undefined : sessionFile(join(state, "sessions.json"));
}

async function closeAfter(error: unknown, punts: PuntManager): Promise<never> {
  await punts.close();
  throw error;
}

/** A daemon of a cluster that does not act makes no devices, so it has tried nothing. */
export function devicesOf(punts: PuntManager | ClusterPunts): DeviceReport {
  return (punts instanceof PuntManager ? punts : punts.manager)?.knownDevices ?? { vpp: "unknown", folders: {} };
}

/** `flag` names another folder, for users who may not write below /run and /var/lib. */
async function makeFolder(path: string, mode: number, flag: string): Promise<void> {
  try {
    await ensureFolder(path, mode);
  } catch (cause) {
    const { code = "EIO" } = cause as NodeJS.ErrnoException;
    const remedy = `Run as root, or name another folder with ${flag}`;
    throw new PuntError("daemon.start", code, `cannot make the folder ${path}`, { path, remedy }, cause);
  }
}
