// Where a daemon keeps its sessions: a file, or etcd.
import type { KeptValues, OfPunt } from "../cluster/index.js";
import { PuntError } from "../errors.js";
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

/** A punt's session, as etcd has it. */
interface Bound {
  readonly session: string;
  readonly graceMs: number;
}

/** The folder of the punts that are in sessions. */
const BOUND = "bound";
/** The one value in which daemons of earlier versions keep all sessions. */
const EARLIER = "sessions";

/** Keeps sessions in etcd, so that the daemon that takes over has them too: a value for each punt. */
export function sessionsInEtcd(kept: Pick<KeptValues, "recall" | "recallOfPunts" | "keepOfPunts">): SessionMemory {
  return {
    load: async () => {
      const bound = await kept.recallOfPunts(BOUND, boundForm());
      // Where it is there, a daemon of an earlier version was the last to act.
      return (await kept.recall(EARLIER, SESSIONS.shape())) ?? sessionsOf(bound);
    },
    save: async (sessions) => {
      const bound = sessions.flatMap(({ id: session, graceMs, punts }) =>
        punts.map((punt): OfPunt<Bound> => [punt, { session, graceMs }]),
      );
      await kept.keepOfPunts(BOUND, bound, EARLIER);
    },
  };
}

/** @throws PuntError ERR_ETCD_CONTENT: a session has punts of two CNFs */
function sessionsOf(bound: readonly OfPunt<Bound>[]): StoredSession[] {
  const sessions = new Map<string, StoredSession & { readonly punts: PuntId[] }>();
  for (const [punt, { session: id, graceMs }] of bound) {
    const { cnf } = punt;
    const session = sessions.get(id) ?? { id, cnf, graceMs, punts: [] };
    sessions.set(id, session);
    if (session.cnf !== cnf) {
      const message = `a session in etcd has punts of the CNFs ${session.cnf} and ${cnf}; they were left alone`;
      throw new PuntError("cluster.read", "ERR_ETCD_CONTENT", message, { session: id });
    }
    session.punts.push(punt);
  }
  return [...sessions.values()];
}

const graceForm = () => zod().int().min(0).max(LONGEST_GRACE_MS);

const boundForm = lazily(() => zod().object({ session: zod().string().min(1), graceMs: graceForm() }));

function shapeOfSessions() {
  const text = zod().string();
  const punt = zod().object({ cnf: text, key: text, label: text });
  const session = zod().object({
    id: text.min(1),
    cnf: text,
    graceMs: graceForm(),
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
