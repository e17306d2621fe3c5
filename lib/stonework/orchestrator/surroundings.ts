// The orchestrator, as a configuration item sees it, and the item, as the orchestrator sees it.
import type { Logger } from "../../logger.js";
import type { NetnsRef, PuntId, PuntStatus, Punts } from "../../punt/index.js";
import type { PuntWish } from "./access.js";
import type { Cnf } from "./cnf.js";

/** An item, as the orchestrator sees it. */
export interface Subject {
  readonly key: string;
  readonly model: string;
  /** The CNF that has heard of it. */
  readonly sentTo: Cnf | undefined;
}

/** The orchestrator, as an item sees it. */
export interface Surroundings {
  readonly punts: Punts;
  readonly log: Logger;
  /** Milliseconds that a step may take. */
  readonly deadline: number;
  /** The CNF whose model the item is of; undefined until it is discovered. */
  cnf(item: Subject): Cnf | undefined;
  isDiscovered(label: string): boolean;
  /** Makes a change if the CNF may make it. */
  allowed<T>(cnf: Cnf, wish: PuntWish, change: () => Promise<T>): Promise<T>;
  netns(label: string): Promise<NetnsRef | undefined>;
  status(id: PuntId): PuntStatus | undefined;
  /** The item is deleted, and its CNF knows or is gone. */
  removed(item: Subject): void;
  /** Whether another item of the same CNF has this end of an interconnect. */
  isUsedByOthers(end: string, item: Subject): boolean;
}

/** The state of an item, in StoneWork's words. */
export interface ItemSituation {
  readonly state: "PENDING" | "CONFIGURED" | "FAILED" | "REMOVED";
  readonly message: string;
}
