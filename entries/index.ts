// The main entry of the package. In the package itself a bundle stands in for it (scripts/packaging/bundle.mjs).
export * from "../lib/index.js";
