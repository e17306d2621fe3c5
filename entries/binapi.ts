// The entry vpp-punt/binapi.
export * from "../lib/binapi/index.js";
