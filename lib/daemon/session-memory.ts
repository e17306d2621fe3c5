// Where a daemon keeps its sessions: a file, or etcd.
import type { KeptValues } from "../cluster/index.js";
import { StateFile, type StateForm } from "../files/index.js";
import { lazily, zod } from "../lazily.js";
import { idKey, type PuntId } from "../punt/index.js";

/** The longest grace period, in milliseconds: a day. */
export const LONGEST_GRACE_MS = 86_400_000;

/** A session as it is kept. */
export interface StoredSession {
  readonly id: string;
  readonly cnf: string;
  readonly graceMs: number;
  readonly punts: readonly PuntId[];
}

/** A place that keeps sessions. */
export interface SessionMemory {
  /** Returns what was saved last; undefined: nothing was. @throws PuntError ERR_STORE_DAMAGED and the like: nothing may be saved over it */
  load(): Promise<readonly StoredSession[] | undefined>;
  save(sessions: readonly StoredSession[]): Promise<void>;
}

/** The file of sessions. */
export const SESSIONS: StateForm<readonly StoredSession[]> = {
  op: "daemon.start",
  format: "vpp-punt sessions",
  shape: lazily(shapeOfSessions),
  remedy:
    "remove it to start without sessions; programs that run open theirs again, and the punts of those that have ended stay until they are deleted",
};

/** Keeps sessions in a file. */
export function sessionFile(path: string): SessionMemory {
  return new StateFile(path, SESSIONS);
}

/** Keeps sessions in etcd, so that the daemon that takes over has them too. */
export function sessionsInEtcd(kept: Pick<KeptValues, "recall" | "keep">): SessionMemory {
  return {
    load: () => kept.recall("sessions", SESSIONS.shape()),
    save: (sessions) => kept.keep("sessions", sessions),
  };
}

function shapeOfSessions() {
  const text = zod().string();
  const punt = zod().object({ cnf: text, key: text, label: text });
  const session = zod().object({
    id: text.min(1),
    cnf: text,
    graceMs: zod().int().min(0).max(LONGEST_GRACE_MS),
    punts: zod().array(punt),
  });
  return zod()
    .array(session)
    .refine((sessions) => sessions.every(({ cnf, punts }) => punts.every((each) => each.cnf === cnf)), {
      message: "a session has a punt of another CNF",
    })
    .refine((sessions) => areDifferent(sessions.map(({ id }) => id)), { message: "two sessions have one id" })
    .refine((sessions) => areDifferent(sessions.flatMap(({ punts }) => punts.map(idKey))), {
      message: "a punt is of two sessions",
    });
}

function areDifferent(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
