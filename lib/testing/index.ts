// The entry `vpp-punt/sim`: the embedded VPP, and punts for unit tests on it.

/**
 * The embedded VPP, and punts on it for unit tests.
 *
 * @module vpp-punt/sim
 */

export * from "../sim/index.js";
export type { TestPuntOptions, TestPuntRequest } from "./make-punt.js";
export { PuntEnd } from "./punt-end.js";
export { TestPunt, testPunt } from "./test-punt.js";
