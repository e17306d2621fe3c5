// Reads VPP and Linux, and performs the steps that lead to the plan.

export { Planner, type RestoredPunt, Undone } from "../plan/index.js";
export { type Adoption, removeOutgrown, type Sought, seek, type TakenObject } from "./adoption.js";
export type { DeviceReport } from "./device-report.js";
export { Expected } from "./expected.js";
export { factsOf } from "./facts-of.js";
export {
  type Holder,
  hashIn,
  hashOf,
  holdersIn,
  type ListedManager,
  listedManagers,
  MAKE_VPP_NOTICE,
  otherManager,
} from "./holders.js";
export { asPuntError, isDisconnect } from "./look-errors.js";
export { Pace } from "./pace.js";
export { Reborn } from "./reborn.js";
export { type Ledger, lookAndKeep, preview, type Reconciled, reconcile, type World } from "./reconciler.js";
export { Remains } from "./remains.js";
export { type Failure, Retries, type RetryOptions } from "./retries.js";
export { Strays } from "./strays.js";
export { VppDevices } from "./vpp-devices.js";
