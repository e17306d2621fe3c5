// The entry vpp-punt/sim.
export * from "../lib/testing/index.js";
