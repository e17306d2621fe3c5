// The entry vpp-punt/module.
export * from "../lib/module/index.js";
