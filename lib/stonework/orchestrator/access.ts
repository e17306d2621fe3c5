// The rights of callers under an orchestrator. Its services ask before they answer, and its items before they change punts.
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { PuntId, PuntRequest } from "../../punt/index.js";

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

/** The punts that an item of a CNF is to have, and the punts that it is to lose. */
export interface PuntWish {
  readonly requests: readonly PuntRequest[];
  readonly gone: readonly PuntId[];
}

/** Judges calls to an orchestrator. */
export interface StoneWorkAccess {
  /** Answers a call with the rights of its caller. @throws PuntError ERR_POLICY: it has none; what `answer` throws */
  call<T>(call: StoneWorkCall, answer: (rights: StoneWorkRights) => T | Promise<T>): Promise<T>;
  /**
   * Judges whether a CNF at that address may have that label. Returns a function that says whether it may have a model.
   *
   * @throws PuntError ERR_POLICY
   */
  arrival(cnf: CnfPlace): Promise<(model: string) => boolean>;
  /** Makes a change of a CNF's punts, if the CNF may make it. @throws PuntError ERR_POLICY, ERR_UNRESOLVED; what `change` throws */
  punts<T>(cnf: CnfPlace, wish: PuntWish, change: () => Promise<T>): Promise<T>;
}

const ALL: StoneWorkRights = { sees: () => true, requireChange: () => {}, changes: () => {} };

/** Every caller may do everything. */
export const UNLIMITED: StoneWorkAccess = {
  call: async (_call, answer) => answer(ALL),
  arrival: async () => () => true,
  punts: (_cnf, _wish, change) => change(),
};

/** Returns the ends of a connection of HTTP/2, without any where it is gone. */
export function connectionEnds(session: ServerHttp2Session | undefined): ConnectionEnds {
  if (session === undefined || session.destroyed) return {};
  const { remoteAddress, remotePort, localAddress, localPort } = session.socket;
  return { remoteAddress, remotePort, localAddress, localPort } as ConnectionEnds;
}
