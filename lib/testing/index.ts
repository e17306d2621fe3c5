// The entry `vpp-punt/sim`: the embedded VPP, and punts for unit tests on it.
export * from "../sim/index.js";
export { PuntEnd } from "./punt-end.js";
export { TestPunt, type TestPuntOptions, type TestPuntRequest, testPunt } from "./test-punt.js";
