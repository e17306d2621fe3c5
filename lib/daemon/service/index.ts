// The daemon's services: punts, health and reflection.
export { bound } from "./bound.js";
export { Dumps } from "./dumps.js";
export { explainToOperator } from "./explain.js";
export { explainFramesToOperator } from "./explain-frames.js";
export { HealthService } from "./health.js";
export { PuntNames } from "./names.js";
export { OneByOne } from "./one-by-one.js";
export { puntService } from "./punts.js";
export { EarlierServerReflection, reflection } from "./reflection.js";
export { RequestGate } from "./requests.js";
export { callerKey, judged, type Parts, resetKey, Scope } from "./scope.js";
export { Snapshots } from "./snapshots.js";
export { View } from "./view.js";
