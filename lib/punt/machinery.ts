// All that a manager runs on. It is loaded when the first one starts: an import of the package stays quick, and programs whose punts a
// daemon manages never need it.
import type { PuntError } from "../errors.js";
import { ContainerHost } from "../host/index.js";
import { DefaultHost } from "./default-host.js";
import { DesiredState, NOTHING } from "./desired/index.js";
import { marksOf, type PuntManagerOptions } from "./options.js";
import type { PuntEvent } from "./state.js";
import { loaded, type ManagerIdentity, type Store, type StoredState } from "./store/index.js";
import { type Pass, Worker } from "./worker/index.js";

export type { Entry } from "./desired/index.js";
export type { Adoption, DeviceReport, RestoredPunt } from "./worker/index.js";

/** Hears of changed punts, of passes and of problems. */
export interface Listener {
  changed(event: PuntEvent): void;
  passed(pass: Pass): void;
  problem(error: PuntError): void;
}

export interface Machinery {
  readonly host: ContainerHost;
  readonly state: DesiredState;
  readonly worker: Worker;
  /** Takes the state from the store once more. */
  restore(): Promise<void>;
}

/** The state of a store that has none. It may have had one before. */
const EMPTY: StoredState = { ...NOTHING, claims: {}, notes: {} };

/** Makes the parts, which do nothing yet. */
export function assemble(
  options: PuntManagerOptions,
  store: Store,
  identity: ManagerIdentity,
  { changed, passed, problem }: Listener,
): Machinery {
  const host = new ContainerHost(options.host ?? new DefaultHost(options.vpp), options.containers);
  const marks = marksOf(identity);
  const state = new DesiredState(host, marks, store, identity);
  state.log.listen(changed);
  const restore = async () => {
    state.restore((await loaded(store)) ?? EMPTY);
  };
  const worker = new Worker(state, { ...options, host, marks, refresh: restore, passed, problem });
  host.onChange(() => worker.wake());
  return { host, state, worker, restore };
}
