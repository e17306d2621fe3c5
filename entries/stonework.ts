// The entry vpp-punt/stonework.
export * from "../lib/stonework/index.js";
