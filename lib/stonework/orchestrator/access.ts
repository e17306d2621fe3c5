// The rights of callers under an orchestrator. Its services ask before they answer, and its items before they change punts.
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { PuntRequest } from "../../punt/index.js";

/** The two ends of the connection that a call came by. */
export type ConnectionEnds = Partial<Pick<Socket, "remoteAddress" | "remotePort" | "localAddress" | "localPort">>;

/** A call of the orchestrator's services. */
export interface StoneWorkCall {
  /** Such as `SetConfig`, or `GET /status/info`. */
  readonly name: string;
  readonly ends: ConnectionEnds;
}

/** The rights of a caller. */
export interface StoneWorkRights {
  /** Whether it may see a CNF and its items. `cnf` is "" for an item of an unknown CNF. */
  sees(cnf: string): boolean;
  /** @throws PuntError ERR_POLICY: it may not configure that CNF */
  requireChange(cnf: string): void;
  /** Notes the keys of the items that are changed. */
  changes(keys: readonly string[]): void;
}

/** Where a CNF is. */
export interface CnfPlace {
  /** Microservice label. */
  readonly label: string;
  /** IPv4 address that it announced. */
  readonly address: string;
}

/** Judges calls to an orchestrator. */
export interface StoneWorkAccess {
  /** Answers a call with the rights of its caller. @throws PuntError ERR_POLICY: it has none; what `answer` throws */
  call<T>(call: StoneWorkCall, answer: (rights: StoneWorkRights) => T | Promise<T>): Promise<T>;
  /** Makes a change after which these are the punts of one item of a CNF, if it may have them. @throws PuntError ERR_POLICY, ERR_UNRESOLVED; what `change` throws */
  punts<T>(cnf: CnfPlace, requests: readonly PuntRequest[], change: () => Promise<T>): Promise<T>;
}

const ALL: StoneWorkRights = { sees: () => true, requireChange: () => {}, changes: () => {} };

/** Every caller may do everything. */
export const UNLIMITED: StoneWorkAccess = {
  call: async (_call, answer) => answer(ALL),
  punts: (_cnf, _requests, change) => change(),
};

/** Returns the ends of a connection of HTTP/2, without any where it is gone. */
export function connectionEnds(session: ServerHttp2Session | undefined): ConnectionEnds {
  if (session === undefined || session.destroyed) return {};
  const { remoteAddress, remotePort, localAddress, localPort } = session.socket;
  return { remoteAddress, remotePort, localAddress, localPort } as ConnectionEnds;
}
