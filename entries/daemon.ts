// The entry vpp-punt/daemon.
export * from "../lib/daemon/index.js";
